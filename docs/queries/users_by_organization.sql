-- Organizations by the number of their users.
SELECT organization.id, organization.name, COUNT(*) AS users
FROM zendesk.organization_membership_latest AS membership
JOIN zendesk.organization_latest AS organization ON organization.id = membership.organization_id
GROUP BY organization.id, organization.name
ORDER BY users DESC
LIMIT 100
