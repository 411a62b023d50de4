terraform {
  required_version = ">= 1.5"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
  backend "gcs" {} # terraform init -backend-config=bucket=… -backend-config=prefix=zendesk/staging
}

provider "google" {
  project = var.project
}
