"""From the archives of a project to a server that answers: fetched, published, deployed, verified."""
