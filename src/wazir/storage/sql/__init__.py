"""What the SQL databases have in common: statements, rows, and a store on them."""
