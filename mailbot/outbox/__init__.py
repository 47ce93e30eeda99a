"""The way out: a Notice becomes a mail, the mail goes to the archive, then to the smarthost."""
