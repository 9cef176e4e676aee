"""A report as mail, Word, page (for PDF) and workbook, all from the same words."""
