"""What the files say: frozen, validated documents. No input or output happens here."""
