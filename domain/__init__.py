"""The words of the business and its pure rules. Standard library only; imports nothing of ours."""
