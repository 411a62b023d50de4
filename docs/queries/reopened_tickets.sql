-- How often tickets are reopened, by group.
SELECT team.name AS group_name, COUNT(*) AS tickets, AVG(metric.reopens) AS reopens
FROM zendesk.ticket_metric_latest AS metric
JOIN zendesk.ticket_latest AS ticket ON ticket.id = metric.ticket_id
LEFT JOIN zendesk.group_latest AS team ON team.id = ticket.group_id
GROUP BY group_name
ORDER BY reopens DESC
