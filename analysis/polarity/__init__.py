"""The engine `koubei`: character n-grams, a table of whole numbers, three calibrated classes."""
