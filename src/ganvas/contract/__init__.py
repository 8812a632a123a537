"""The laws that every GAN of ganvas keeps, from inside the package or outside."""
