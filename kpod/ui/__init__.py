"""What the pages share: the run and question in the address, cached reads, components, styles."""
