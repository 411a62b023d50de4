# The topic, Commons' subscription, and its dead letters, all in topic_project.

resource "google_pubsub_topic" "ticket" {
  project      = var.topic_project
  name         = var.topic
  kms_key_name = var.kms_key
  labels       = local.labels

  message_storage_policy {
    allowed_persistence_regions = var.message_regions
  }
  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.agents]
}

resource "google_pubsub_subscription" "commons" {
  project                 = var.topic_project
  name                    = var.subscription
  topic                   = google_pubsub_topic.ticket.id
  enable_message_ordering = true
  ack_deadline_seconds    = 60
  labels                  = local.labels

  # Acknowledged messages as well, so that Commons can go back a week by itself (gcloud pubsub subscriptions seek).
  retain_acked_messages      = true
  message_retention_duration = "604800s"

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  # A message that Commons cannot process blocks its ordering key, a 32nd of the tickets: for forty minutes of
  # these delays, then it becomes a dead letter.
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
    max_delivery_attempts = 10
  }

  expiration_policy {
    ttl = "" # never, however long Commons is down
  }

  lifecycle {
    # Ordering cannot be enabled in an existing subscription: Terraform would replace it, and drop what
    # Commons has not read yet. People have to do that, once it is read.
    prevent_destroy = true
  }
  # Without it, dead letters would be delivered for ever.
  depends_on = [google_pubsub_topic_iam_member.dead_letters_arrive, google_pubsub_subscription.dead_letter]
}

resource "google_pubsub_topic" "dead_letter" {
  project      = var.topic_project
  name         = "${var.topic}DeadLetter"
  kms_key_name = var.kms_key
  labels       = local.labels

  message_storage_policy {
    allowed_persistence_regions = var.message_regions
  }
  depends_on = [google_project_service.used, google_kms_crypto_key_iam_member.agents]
}

# Without a subscription the topic would drop them at once; 31 days is Pub/Sub's maximum.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.topic_project
  name                       = "${var.subscription}DeadLetter"
  topic                      = google_pubsub_topic.dead_letter.id
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"
  labels                     = local.labels

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves dead letters: it publishes them there, and acknowledges them here.
resource "google_pubsub_topic_iam_member" "dead_letters_arrive" {
  project = var.topic_project
  topic   = google_pubsub_topic.dead_letter.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letters_leave" {
  project      = var.topic_project
  subscription = google_pubsub_subscription.commons.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "subscribers" {
  for_each = {
    for pair in setproduct(["commons", "dead_letter"], var.subscribers) : join(" ", pair) => {
      subscription = pair[0] == "commons" ? google_pubsub_subscription.commons.name : google_pubsub_subscription.dead_letter.name
      member       = pair[1]
    }
  }
  project      = var.topic_project
  subscription = each.value.subscription
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}
