// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// The table Oversight_CL in an existing Log Analytics workspace, the data collection
// rule that fills it through the Logs Ingestion API, the right to send to it, and the
// functions that queries use. Deploy it into the workspace's resource group:
//
//   az deployment group create --resource-group GROUP --template-file main.bicep --parameters workspaceName=WORKSPACE principalId=OBJECT_ID
//
// azuredeploy.json says the same for the portal. columns_test.go holds the two, the functions
// and what the collector sends to each other.

targetScope = 'resourceGroup'

@description('The Log Analytics workspace, in the resource group that this is deployed into.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('The workspace\'s region: the rule and the endpoint have to be in it.')
param location string = resourceGroup().location

@description('Object id of the service principal or managed identity that the collector signs in as: its principal id, not the application\'s client id. Empty: nobody is given the right to send.')
param principalId string = ''

@description('What principalId is.')
@allowed([
  'ServicePrincipal'
  'User'
  'Group'
])
param principalType string = 'ServicePrincipal'

@description('Name of the data collection rule. With an endpoint of its own it has at most 30 characters.')
@minLength(3)
@maxLength(30)
param ruleName string = 'dcr-oversight'

@description('Create a data collection endpoint, which private link needs, and send there instead of to the rule\'s own endpoint.')
param createEndpoint bool = false

@description('Name of the data collection endpoint, if there is to be one.')
@minLength(3)
@maxLength(44)
param endpointName string = 'dce-oversight'

@description('Whether the data collection endpoint can be reached without private link.')
@allowed([
  'Enabled'
  'Disabled'
  'SecuredByPerimeter'
])
param endpointPublicNetworkAccess string = 'Enabled'

@description('Days for which events can be queried, 4 to 730. -1: the workspace\'s.')
@minValue(-1)
@maxValue(730)
param retentionInDays int = -1

@description('Days after which events are deleted, 4 to 4383, cheaper long-term retention included. -1: as retentionInDays.')
@minValue(-1)
@maxValue(4383)
param totalRetentionInDays int = -1

@description('Save the functions Oversight, OversightIntegrity, OversightCheckpoints, vimDnsOversight and ASimDnsOversight in the workspace, which the rules and the workbook need.')
param deployFunctions bool = true

var tableName = 'Oversight_CL'
var streamName = 'Custom-Oversight'
var destinationName = 'workspace'
// Lets send to the rule, and nothing else.
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

// The columns of the collector's extended rows, in the order in which they are written.
// QualifiedTimestamp stays a string: it is evidence, and a datetime would change its
// text and drop what it cannot hold.
var columns = [
  { name: 'TimeGenerated', type: 'datetime', description: 'When the registry was called, or when the row was read if it holds no time; of a finding or a checkpoint record, when it was made. Older than two days on arrival: the time of arrival. See OccurredAt.' }
  { name: 'Schema', type: 'string', description: 'Version of the columns: oversight-siem-1.' }
  { name: 'RegistryId', type: 'string', description: 'The registry: its public key in hex, or a short id that its operator chose.' }
  { name: 'EventId', type: 'string', description: 'The row\'s id in the registry; of a finding, that of the row that it is about; of a checkpoint record, that of the last row that was delivered. Handed out again after a backup was restored: see EventUid.' }
  { name: 'BeaconKind', type: 'string', description: 'dns, http_img, ocsp, license, or one that newer registries know.' }
  { name: 'Action', type: 'string', description: 'What happened: beacon-dns-callback, beacon-http-pixel, beacon-ocsp-callback, beacon-license-check, or beacon- and the kind. Of a finding, integrity- and its kind. Of a checkpoint record, checkpoint.' }
  { name: 'TokenId', type: 'string', description: 'The token in the document\'s mark that called back; of a finding, the token that it is about.' }
  { name: 'FileId', type: 'string', description: 'The marked document. Empty for unknown tokens. Of a finding, the document that it is about.' }
  { name: 'RecipientId', type: 'string', description: 'Whom the document was given to. Empty for unknown tokens.' }
  { name: 'IssuerId', type: 'string', description: 'Who gave the document out. Empty for unknown tokens.' }
  { name: 'SourceIp', type: 'string', description: 'Who called back; for dns beacons a resolver more often than the reader. Not always an IP address.' }
  { name: 'UserAgent', type: 'string', description: 'The calling program by its own account.' }
  { name: 'QualifiedTimestamp', type: 'string', description: 'Time of a timestamping authority (RFC 3161) or the registry\'s own, in RFC 3339 as the registry wrote it.' }
  { name: 'TlogIndex', type: 'long', description: 'Index of the event\'s leaf in the transparency log; -1 says that there is none. Of a finding, the first leaf that it is about.' }
  { name: 'ExtraJson', type: 'string', description: 'What else the beacon told, as the text of a JSON object; qname and qtype for dns beacons.' }
  { name: 'EventUid', type: 'string', description: 'Identifies the event, the finding or the checkpoint record: 32 hex digits of SHA-256 over the registry\'s id and every column, or all that was found, or the collector, the receiver and the time. The same uid twice is the same row delivered twice.' }
  { name: 'OccurredAt', type: 'datetime', description: 'When the registry was called, by its clock, or when something was found or a checkpoint record was made. Never replaced. Empty if the registry\'s row holds no time.' }
  { name: 'TlogStatus', type: 'string', description: 'How the event stands to its leaf in the transparency log: verified, mismatch, missing, duplicate or unavailable. Empty where the collector does not check.' }
  { name: 'TlogMismatch', type: 'string', description: 'The names of the fields in which event and leaf differ, with commas between them.' }
  { name: 'Truncated', type: 'string', description: 'The names of the columns whose values were cut because they were too long, with commas between them. EventUid covers the whole values.' }
  { name: 'Reduced', type: 'string', description: 'The names of the columns that were left out because the workspace had refused the row with them, with commas between them. Such a row has an EventUid that ends in -reduced; the whole row follows when it is accepted.' }
  { name: 'SourceAddress', type: 'string', description: 'The IP address in a SourceIp that is written differently, such as with a port. Empty otherwise.' }
  { name: 'DecodeError', type: 'string', description: 'Which columns of the registry\'s row could not be read, and what they hold. Empty otherwise.' }
  { name: 'IntegrityKind', type: 'string', description: 'What was found about the log or the table, such as row_mismatch, leaf_without_row, row_edited or head_inconsistent: docs/fields.md of the collector lists the kinds. Empty for an event.' }
  { name: 'Severity', type: 'string', description: 'How severe the finding is: High, Medium, or Informational for what is no finding and needs no look. Empty for an event.' }
  { name: 'Message', type: 'string', description: 'What was found or is reported, as a sentence.' }
  { name: 'LastEventId', type: 'string', description: 'Id of the last row that the finding is about, if there are more than the one of EventId.' }
  { name: 'RowUid', type: 'string', description: 'EventUid of the event that the finding is about; of a checkpoint record, that of the last event that was delivered.' }
  { name: 'IntegrityCount', type: 'long', description: 'How many rows or leaves the finding is about, if that is not one and not all from the first to the last.' }
  { name: 'TlogLastIndex', type: 'long', description: 'The last leaf that the finding is about, if there are more than the one at TlogIndex.' }
  { name: 'TlogSize', type: 'long', description: 'Number of leaves that the roots are of; of a checkpoint record, of the log as the collector read it.' }
  { name: 'TlogRoot', type: 'string', description: 'The root that was found, in hex; of a checkpoint record, that of the log as the collector read it.' }
  { name: 'TlogExpectedRoot', type: 'string', description: 'The root that the log had before, or that a signed tree head says, in hex.' }
  { name: 'TlogSignature', type: 'string', description: 'Signature of that tree head, in hex.' }
  { name: 'CheckpointReason', type: 'string', description: 'Why a checkpoint record was made: interval or shutdown. Empty for events and findings.' }
  { name: 'Collector', type: 'string', description: 'The name of the collector that made the checkpoint record.' }
  { name: 'Receiver', type: 'string', description: 'The id of the receiver that made the checkpoint record, such as oversight/sentinel.' }
  { name: 'CountedSince', type: 'datetime', description: 'From when on DeliveredEvents and the five columns after it are counted: the previous checkpoint record that was delivered, or the start.' }
  { name: 'DeliveredEvents', type: 'long', description: 'How many events were delivered since then.' }
  { name: 'VerifiedEvents', type: 'long', description: 'How many events agreed with the transparency log since then. Empty where the collector does not check.' }
  { name: 'MismatchEvents', type: 'long', description: 'How many events differ from their leaf, since then.' }
  { name: 'MissingEvents', type: 'long', description: 'How many events have no leaf, since then.' }
  { name: 'DuplicateEvents', type: 'long', description: 'How many events name a leaf that another had claimed, since then.' }
  { name: 'UnavailableEvents', type: 'long', description: 'How many events could not be checked because the log could not be read, since then.' }
  { name: 'UnresolvedEvents', type: 'long', description: 'How many delivered events wait to be checked again, because their leaves were not there.' }
  { name: 'UndeliveredEvents', type: 'long', description: 'How many rows of the registry are not delivered yet. Empty if that is not known.' }
  { name: 'HoldingSince', type: 'datetime', description: 'Since when the workspace accepts nothing. Empty if it does.' }
  { name: 'QuarantinedEvents', type: 'long', description: 'How many events the workspace refuses.' }
  { name: 'ReducedEvents', type: 'long', description: 'How many events the workspace has in their reduced form only.' }
  { name: 'UndeliveredFindings', type: 'long', description: 'How many findings are not delivered yet.' }
  { name: 'HeadSize', type: 'long', description: 'Size of the registry\'s newest signed tree head whose root was that of the log. Empty if there was none.' }
  { name: 'HeadRoot', type: 'string', description: 'Root of that tree head, in hex.' }
  { name: 'HeadSignature', type: 'string', description: 'Signature of that tree head, in hex.' }
  { name: 'HeadCheckpoint', type: 'string', description: 'That tree head as the text of a C2SP checkpoint: origin, size and root, without a signature.' }
  { name: 'AdditionalFields', type: 'dynamic', description: 'What the collector\'s pipeline added to the event, such as the location of the address.' }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2022-10-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2022-10-01' = {
  parent: workspace
  name: tableName
  properties: {
    plan: 'Analytics'
    retentionInDays: retentionInDays
    totalRetentionInDays: totalRetentionInDays
    schema: {
      name: tableName
      description: 'Beacon callbacks of documents that Oversight marked, and findings about the transparency log that they are in.'
      columns: columns
    }
  }
}

resource endpoint 'Microsoft.Insights/dataCollectionEndpoints@2023-03-11' = if (createEndpoint) {
  name: endpointName
  location: location
  properties: {
    description: 'Takes Oversight\'s events.'
    networkAcls: {
      publicNetworkAccess: endpointPublicNetworkAccess
    }
  }
}

// Of the kind Direct, a rule has an endpoint of its own, whether it is used or not.
// The kind cannot be null.
resource rule 'Microsoft.Insights/dataCollectionRules@2023-03-11' = {
  name: ruleName
  location: location
  kind: 'Direct'
  properties: {
    description: 'Writes Oversight\'s events into Oversight_CL.'
    dataCollectionEndpointId: createEndpoint ? endpoint.id : null
    streamDeclarations: {
      'Custom-Oversight': {
        columns: [for column in columns: {
          name: column.name
          type: column.type
        }]
      }
    }
    destinations: {
      logAnalytics: [
        {
          name: destinationName
          workspaceResourceId: workspace.id
        }
      ]
    }
    dataFlows: [
      {
        streams: [
          streamName
        ]
        destinations: [
          destinationName
        ]
        // A table needs TimeGenerated. A later one, of a registry whose clock is ahead, would be outside of what
        // rules read when the row is new. OccurredAt keeps it.
        transformKql: 'source | extend TimeGenerated = iff(isnull(TimeGenerated) or TimeGenerated > now(), now(), TimeGenerated)'
        outputStream: 'Custom-${tableName}'
      }
    ]
  }
  dependsOn: [
    table
  ]
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(principalId)) {
  scope: rule
  name: guid(rule.id, principalId, monitoringMetricsPublisher)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
    principalId: principalId
    principalType: principalType
    description: 'The collector sends Oversight\'s events.'
  }
}

resource events 'Microsoft.OperationalInsights/workspaces/savedSearches@2020-08-01' = if (deployFunctions) {
  parent: workspace
  name: 'Oversight'
  properties: {
    #disable-next-line BCP037 // where the service looks for it: without, a second deployment fails
    etag: '*'
    category: 'Oversight'
    displayName: 'Oversight'
    functionAlias: 'Oversight'
    query: loadTextContent('parsers/Oversight.kql')
    version: 2
  }
  dependsOn: [
    table
  ]
}

resource findings 'Microsoft.OperationalInsights/workspaces/savedSearches@2020-08-01' = if (deployFunctions) {
  parent: workspace
  name: 'OversightIntegrity'
  properties: {
    #disable-next-line BCP037 // where the service looks for it: without, a second deployment fails
    etag: '*'
    category: 'Oversight'
    displayName: 'OversightIntegrity'
    functionAlias: 'OversightIntegrity'
    query: loadTextContent('parsers/OversightIntegrity.kql')
    version: 2
  }
  dependsOn: [
    table
  ]
}

resource checkpoints 'Microsoft.OperationalInsights/workspaces/savedSearches@2020-08-01' = if (deployFunctions) {
  parent: workspace
  name: 'OversightCheckpoints'
  properties: {
    #disable-next-line BCP037 // where the service looks for it: without, a second deployment fails
    etag: '*'
    category: 'Oversight'
    displayName: 'OversightCheckpoints'
    functionAlias: 'OversightCheckpoints'
    query: loadTextContent('parsers/OversightCheckpoints.kql')
    version: 2
  }
  dependsOn: [
    table
  ]
}

resource dnsFilter 'Microsoft.OperationalInsights/workspaces/savedSearches@2020-08-01' = if (deployFunctions) {
  parent: workspace
  name: 'vimDnsOversight'
  properties: {
    #disable-next-line BCP037 // where the service looks for it: without, a second deployment fails
    etag: '*'
    category: 'Oversight'
    displayName: 'vimDnsOversight'
    functionAlias: 'vimDnsOversight'
    functionParameters: 'starttime:datetime=datetime(null), endtime:datetime=datetime(null), srcipaddr:string="*", domain_has_any:dynamic=dynamic([]), responsecodename:string="*", response_has_ipv4:string="*", response_has_any_prefix:dynamic=dynamic([]), eventtype:string="Query", disabled:bool=False'
    query: loadTextContent('parsers/vimDnsOversight.kql')
    version: 2
  }
  dependsOn: [
    events
  ]
}

resource dnsEvents 'Microsoft.OperationalInsights/workspaces/savedSearches@2020-08-01' = if (deployFunctions) {
  parent: workspace
  name: 'ASimDnsOversight'
  properties: {
    #disable-next-line BCP037 // where the service looks for it: without, a second deployment fails
    etag: '*'
    category: 'Oversight'
    displayName: 'ASimDnsOversight'
    functionAlias: 'ASimDnsOversight'
    functionParameters: 'disabled:bool=False'
    query: loadTextContent('parsers/ASimDnsOversight.kql')
    version: 2
  }
  dependsOn: [
    dnsFilter
  ]
}

@description('endpoint of the exporter azure_logs_ingestion.')
output endpoint string = createEndpoint ? endpoint!.properties.logsIngestion.endpoint : rule.properties.endpoints.logsIngestion

@description('rule_id of the exporter azure_logs_ingestion: the rule\'s immutable id.')
output ruleId string = rule.properties.immutableId

@description('stream_name of the exporter azure_logs_ingestion.')
output streamName string = streamName

@description('The scope at which the collector has the role Monitoring Metrics Publisher.')
output ruleResourceId string = rule.id
