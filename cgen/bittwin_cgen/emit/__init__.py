"""Program to text: the header, the C, the weights, the manifest."""
