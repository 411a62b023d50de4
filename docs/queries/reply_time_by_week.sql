-- Median minutes to the first reply, by the week in which a ticket was created.
SELECT
  DATE_TRUNC(DATE(created_at), WEEK) AS week,
  APPROX_QUANTILES(reply_time_in_minutes.calendar, 2)[OFFSET(1)] AS median_minutes
FROM zendesk.ticket_metric_latest
GROUP BY week
ORDER BY week
