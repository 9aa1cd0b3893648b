"""The generator of the catalogue's table: public lists of models and prices, read and compared."""
