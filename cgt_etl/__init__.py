"""cgt_etl: exports of many organisations in, one longitudinal vein-to-vein dataset out."""

__version__ = "0.1.0"
