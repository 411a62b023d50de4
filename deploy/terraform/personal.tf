# Who sees personal columns. Both targets tag them in their tables (setting policy_tag), and BigQuery checks each query,
# also through views. Readers without permission see null.

resource "google_data_catalog_taxonomy" "zendesk" {
  project                = var.project
  region                 = lower(var.location)
  display_name           = "Zendesk (${var.environment})"
  description            = "Personal data in the datasets zendesk and pubsub_messages"
  activated_policy_types = ["FINE_GRAINED_ACCESS_CONTROL"]
  depends_on             = [google_project_service.used]
}

resource "google_data_catalog_policy_tag" "personal" {
  taxonomy     = google_data_catalog_taxonomy.zendesk.id
  display_name = "phi"
  description  = "Names, addresses, identifiers, pictures, what people wrote, fields and tags: health data"

  lifecycle {
    prevent_destroy = true # without the tag, all readers would see the columns
  }
}

resource "google_bigquery_datapolicy_data_policy" "hidden" {
  project          = var.project
  location         = lower(var.location)
  data_policy_id   = "zendesk_phi_is_null"
  policy_tag       = google_data_catalog_policy_tag.personal.name
  data_policy_type = "DATA_MASKING_POLICY"

  data_masking_policy {
    predefined_expression = "ALWAYS_NULL"
  }
}

resource "google_bigquery_datapolicy_data_policy_iam_member" "readers" {
  for_each       = setsubtract(var.readers, var.personal_readers)
  project        = var.project
  location       = google_bigquery_datapolicy_data_policy.hidden.location
  data_policy_id = google_bigquery_datapolicy_data_policy.hidden.data_policy_id
  role           = "roles/bigquerydatapolicy.maskedReader"
  member         = each.value
}

# The worker needs it: the directory matches by e-mail address; waiting tickets and replayed messages are read back.
resource "google_data_catalog_policy_tag_iam_member" "sees_all" {
  for_each   = merge({ worker = google_service_account.worker.member }, { for one in var.personal_readers : one => one })
  policy_tag = google_data_catalog_policy_tag.personal.name
  role       = "roles/datacatalog.categoryFineGrainedReader"
  member     = each.value
}

# Tagging a column takes a permission that only owners of a dataset have; the worker gets that one alone.
resource "google_project_iam_custom_role" "tags_columns" {
  project     = var.project
  role_id     = "zendeskTagsColumns"
  title       = "Set policy tags of columns"
  permissions = ["bigquery.tables.setCategory"]
}

resource "google_bigquery_dataset_iam_member" "tags_columns" {
  for_each   = google_bigquery_dataset.warehouse
  project    = var.project
  dataset_id = each.value.dataset_id
  role       = google_project_iam_custom_role.tags_columns.id
  member     = google_service_account.worker.member
}
