"""A plan in motion: load sent through the exported router to stubs, or to what is deployed."""
