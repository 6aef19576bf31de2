"""What Python users call: entries that run, their data sets and tables. `import bestiary` names all of it."""
