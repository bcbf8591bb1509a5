"""The engine of imports: prepare files, detect the format, stage rows, compare and apply them."""
