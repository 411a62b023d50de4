"""What Cityblock's Singer plugins share."""
