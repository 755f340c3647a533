"""Pages for partners, made of figures that others computed: a feedback card as HTML, PDF, CSV and JSON, an arrival sheet as HTML and PDF.

    drawing.py   marks on a plane, as SVG and as PDF: a plot is drawn once
    plots.py     the plots of a card
    page.py      card to HTML (`card.html.jinja`), whole in one file
    sheet.py     card to PDF: one page to read, then where each statement comes from
    write.py     the folder of one partner
    nightly.py   all cards of a release, and what is amiss with them
    arrival_page.py  an arrival sheet to HTML (`arrival.html.jinja`) and PDF
    arrivals.py      the sheets of a lot, batch or dose

Computes no figure, asks no table, knows no clock: the same card gives the same bytes.
"""
