variable "environment" {
  description = "staging or prod, as in meltano.yml"
  type        = string
  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "Invalid environment: expected staging or prod. local uses the sandbox and needs no Terraform."
  }
}

variable "project" {
  description = "Project of the datasets, the buckets and the worker"
  type        = string
}

variable "location" {
  description = "Location of datasets and buckets; load jobs need them in one place. As location in meltano.yml and transform/profiles.yml"
  type        = string
  default     = "US"
}

variable "export_bucket" {
  description = "Bucket for staged files of load jobs; as bucket of target-bigquery in meltano.yml"
  type        = string
}

variable "state_bucket" {
  description = "Bucket for Meltano's state; as in MELTANO_STATE_BACKEND_URI of the Kubernetes overlay"
  type        = string
}

variable "topic_project" {
  description = "Project of topics and subscriptions, the same for every environment; as topic_project in meltano.yml"
  type        = string
  default     = "cityblock-data"
}

variable "topic" {
  description = "Topic for ticket messages; as topic of target-zendesk-pubsub in meltano.yml"
  type        = string
}

variable "subscription" {
  description = "Subscription that Commons reads"
  type        = string
}

variable "subscribers" {
  description = "Who may read the subscription and its dead letters: Commons, as serviceAccount:…"
  type        = list(string)
  default     = []
}

variable "message_regions" {
  description = "Regions that may store messages. Only one, because Pub/Sub keeps order within a region; pubsub_endpoint has to name the same"
  type        = list(string)
  default     = ["us-east1"]
}

variable "internal_dataset" {
  description = "Dataset of members and internal users that transform/ matches with (its vars internal_project, internal_dataset); the worker gets read access. null: granted elsewhere"
  type = object({
    project = string
    dataset = string
  })
  default = null
}

variable "readers" {
  description = "Who may read the dataset zendesk, which is health data: analysts, as group:…"
  type        = list(string)
  default     = []
}

variable "personal_readers" {
  description = "Which of the readers see personal columns; the others see null once the targets have the setting policy_tag"
  type        = list(string)
  default     = []
}

variable "page_bucket" {
  description = "Bucket for the operations page, which has no health data; null: no bucket"
  type        = string
  default     = null
}

variable "page_readers" {
  description = "Who may read the operations page: operators, as group:…"
  type        = list(string)
  default     = []
}

variable "alarm_channels" {
  description = "Notification channels (projects/…/notificationChannels/…) of the alarms on the pods' logs, in the cluster's project; empty: no alarms"
  type        = list(string)
  default     = []
}

variable "credentials_secret" {
  description = "Secret Manager secret with Zendesk's credentials; Terraform creates the secret, people add its versions"
  type        = string
}

variable "workload_identity_pool" {
  description = "Workload identity pool of the cluster that runs the CronJobs: PROJECT.svc.id.goog"
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the CronJobs; as in the Kubernetes overlay"
  type        = string
}

variable "kms_key" {
  description = "Cloud KMS key (projects/…/cryptoKeys/…, in `location`) for datasets, buckets and topics; null: keys of Google"
  type        = string
  default     = null
}

variable "audit_data_access" {
  description = "Whether to log reads and writes of buckets, secrets and topics (BigQuery always does). Sets the project's audit settings for these services; set false if the organization does that"
  type        = bool
  default     = true
}

variable "labels" {
  description = "Additional labels for all resources that support labels"
  type        = map(string)
  default     = {}
}
