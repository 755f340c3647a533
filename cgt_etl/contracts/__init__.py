"""What a partner promised to send: contracts (ODCS), partner files and the folder walk that finds them."""
