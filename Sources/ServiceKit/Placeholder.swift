// Placeholder so that the target exists; delete it with the first real file.
