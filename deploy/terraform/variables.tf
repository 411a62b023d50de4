variable "environment" {
  description = "staging or prod, as meltano.yml calls it"
  type        = string
  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "The environment is staging or prod; local needs none of this, its servers are the sandbox's."
  }
}

variable "project" {
  description = "Project of the datasets, the buckets and the worker"
  type        = string
}

variable "location" {
  description = "Where datasets and buckets are; load jobs ask that they be in one place. As location in meltano.yml and transform/profiles.yml"
  type        = string
  default     = "US"
}

variable "export_bucket" {
  description = "Bucket in which files are staged for load jobs; as bucket of target-bigquery in meltano.yml"
  type        = string
}

variable "state_bucket" {
  description = "Bucket in which Meltano keeps cursors; as in MELTANO_STATE_BACKEND_URI of the Kubernetes overlay"
  type        = string
}

variable "topic_project" {
  description = "Project of topics and subscriptions, the same for every environment; as topic_project in meltano.yml"
  type        = string
  default     = "cityblock-data"
}

variable "topic" {
  description = "Topic that tickets are published to; as topic of target-zendesk-pubsub in meltano.yml"
  type        = string
}

variable "subscription" {
  description = "Subscription from which Commons reads"
  type        = string
}

variable "subscribers" {
  description = "Who may read the subscription and its dead letters: Commons, as serviceAccount:…"
  type        = list(string)
  default     = []
}

variable "message_regions" {
  description = "Regions that may store messages. One, because Pub/Sub keeps order within a region only; pubsub_endpoint has to name it"
  type        = list(string)
  default     = ["us-east1"]
}

variable "internal_dataset" {
  description = "Dataset of members and internal users that transform/ joins with (its vars internal_project, internal_dataset); the worker may read it. null: granted elsewhere"
  type = object({
    project = string
    dataset = string
  })
  default = null
}

variable "readers" {
  description = "Who may read the dataset zendesk: analysts, as group:…. It is health data"
  type        = list(string)
  default     = []
}

variable "personal_readers" {
  description = "Which of the readers see personal columns; the others see null once the targets have the setting policy_tag"
  type        = list(string)
  default     = []
}

variable "credentials_secret" {
  description = "Secret Manager secret with Zendesk's credentials; Terraform makes the secret, people add its versions"
  type        = string
}

variable "workload_identity_pool" {
  description = "Of the cluster in which the CronJobs run: PROJECT.svc.id.goog"
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the CronJobs; as in the Kubernetes overlay"
  type        = string
}

variable "kms_key" {
  description = "Cloud KMS key (projects/…/cryptoKeys/…, in `location`) for datasets, buckets and topics; null: Google's own keys"
  type        = string
  default     = null
}

variable "audit_data_access" {
  description = "Whether reads and writes of buckets, secrets and topics are logged (BigQuery's always are). Sets the project's audit settings of those services; false where the organization does"
  type        = bool
  default     = true
}

variable "labels" {
  description = "Further labels for everything that takes some"
  type        = map(string)
  default     = {}
}
