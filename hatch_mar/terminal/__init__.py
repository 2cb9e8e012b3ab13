"""What a terminal shows beyond plain text: colours, and a line that is written over."""
