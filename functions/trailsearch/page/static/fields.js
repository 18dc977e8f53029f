// Which field of an event is filled by what of its record, as functions/trailsearch/events/fields.py has it.

/** Places in a record that fill a field with just what they hold. */
export const PLACES = {
  eventSource: "event_source",
  eventName: "event_name",
  awsRegion: "aws_region",
  eventType: "event_type",
  eventCategory: "event_category",
  readOnly: "read_only",
  sourceIPAddress: "source_ip_address",
  recipientAccountId: "recipient_account_id",
  errorCode: "error_code",
  userAgent: "user_agent_exact",
  eventID: "event_id",
  requestID: "request_id",
  sharedEventID: "shared_event_id",
  vpcEndpointId: "vpc_endpoint_id",
  sessionCredentialFromConsole: "from_console",
  "userIdentity.type": "user_identity_type",
  "userIdentity.arn": "user_identity_arn",
  "userIdentity.accountId": "user_identity_account_id",
  "userIdentity.userName": "user_identity_user_name",
  "userIdentity.invokedBy": "user_identity_invoked_by",
  "userIdentity.principalId": "user_identity_principal_id",
  "userIdentity.accessKeyId": "access_key_id",
  "userIdentity.sessionContext.sessionIssuer.arn": "session_issuer_arn",
  "userIdentity.sessionContext.sourceIdentity": "source_identity",
  "userIdentity.sessionContext.attributes.mfaAuthenticated": "mfa",
  "responseElements.credentials.accessKeyId": "issued_access_key_id",
  "responseElements.accessKey.accessKeyId": "issued_access_key_id",
  "tlsDetails.tlsVersion": "tls_version",
};
/** Fields whose values come from many places of a record. */
const GATHERED = ["resource_names", "resource_arns", "resource_types", "account_ids"];
const LONGEST_PHRASE = 120;

/** Give the values of a field of an event, as texts. */
export function valuesOf(event, field) {
  const value = event[field];
  if (value === undefined || value === null || value === "") return [];
  return [value].flat().map(String);
}

/**
 * Say how events with this value, at this place of a record, are searched: by a field, or else by the words of the record.
 *
 * Null if nothing can find it. A number or `true` says little by itself, and is looked for after its name.
 */
export function searchedBy(event, path, value) {
  const text = String(value);
  const field = PLACES[path.join(".")];
  if (field && (field === "user_agent_exact" || valuesOf(event, field).includes(text)))
    return { field, value: text };
  const gathered = typeof value === "string" && GATHERED.find((each) => valuesOf(event, each).includes(text));
  if (gathered) return { field: gathered, value: text };
  const named =
    typeof value === "string"
      ? text
      : `${path.filter((each) => typeof each === "string").at(-1) ?? ""} ${text}`;
  const phrase =
    named.length > LONGEST_PHRASE
      ? named.slice(0, LONGEST_PHRASE).replace(/[^\s]*$/u, "") || named.slice(0, LONGEST_PHRASE)
      : named;
  return /[\p{L}\p{N}]/u.test(phrase) ? { phrase: phrase.trim() } : null;
}

/** Name the service of an event as people do: `iam`. */
export function service(event) {
  return String(event.event_source ?? "").replace(/\.amazonaws\.com$/, "");
}
