"""Files that people make in a spreadsheet program: read with suspicion, returned with annotations."""
