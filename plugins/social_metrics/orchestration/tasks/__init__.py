"""Task functions of the DAGs: each calls the core once; a package that is slow to import is imported inside them.

They return dictionaries as one XCom value (`multiple_outputs=False`).
"""
