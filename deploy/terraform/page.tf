# The bucket of the operations page (deploy/README.md), if `page_bucket` names one. No health data.

resource "google_storage_bucket" "page" {
  count                       = var.page_bucket == null ? 0 : 1
  project                     = var.project
  name                        = var.page_bucket
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = local.labels

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }
  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.agents]
}

# Writing the page again replaces the object, which needs delete.
resource "google_storage_bucket_iam_member" "page_writer" {
  for_each = toset(google_storage_bucket.page[*].name)
  bucket   = each.value
  role     = "roles/storage.objectUser"
  member   = google_service_account.worker.member
}

resource "google_storage_bucket_iam_member" "page_readers" {
  for_each = toset(var.page_bucket == null ? [] : var.page_readers)
  bucket   = google_storage_bucket.page[0].name
  role     = "roles/storage.objectViewer"
  member   = each.value
}
