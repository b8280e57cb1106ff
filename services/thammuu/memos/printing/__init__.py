"""A memo model as PDF, DOCX, HTML, text, chat message and JSON."""
