// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// The analytic rules and the workbook, in a workspace with Microsoft Sentinel in which
// main.bicep or azuredeploy.json was deployed before:
//
//   az deployment group create --resource-group GROUP --template-file content.bicep --parameters workspaceName=WORKSPACE
//
// Thresholds are at the top of each query: change them there, and deploy again.

targetScope = 'resourceGroup'

@description('The Log Analytics workspace with Microsoft Sentinel, in the resource group that this is deployed into.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('The workspace\'s region.')
param location string = resourceGroup().location

@description('Whether the rules run.')
param enabled bool = true

// any: the files have the same keys and not the same values, which is all that
// their types say.
var rules = any([
  loadYamlContent('rules/DifferentHeads.yaml')
  loadYamlContent('rules/FirstBeaconOutside.yaml')
  loadYamlContent('rules/Gateway.yaml')
  loadYamlContent('rules/LogDisagrees.yaml')
  loadYamlContent('rules/ManyDocumentsOfOneRecipient.yaml')
  loadYamlContent('rules/OneDocumentFarApart.yaml')
  loadYamlContent('rules/Quarantine.yaml')
  loadYamlContent('rules/SilentCollector.yaml')
  loadYamlContent('rules/SilentPipeline.yaml')
  loadYamlContent('rules/UnknownToken.yaml')
  loadYamlContent('rules/UnusualClient.yaml')
])

var operators = {
  gt: 'GreaterThan'
  lt: 'LessThan'
  eq: 'Equal'
  ne: 'NotEqual'
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2022-10-01' existing = {
  name: workspaceName
}

resource alertRules 'Microsoft.SecurityInsights/alertRules@2024-03-01' = [for rule in rules: {
  scope: workspace
  name: guid(workspace.id, rule.id)
  kind: 'Scheduled'
  properties: {
    displayName: rule.name
    description: rule.description
    severity: rule.severity
    enabled: enabled
    query: rule.query
    // ISO 8601: 1h is PT1H, 3d is P3D.
    queryFrequency: '${endsWith(rule.queryFrequency, 'd') ? 'P' : 'PT'}${toUpper(rule.queryFrequency)}'
    queryPeriod: '${endsWith(rule.queryPeriod, 'd') ? 'P' : 'PT'}${toUpper(rule.queryPeriod)}'
    triggerOperator: operators[rule.triggerOperator]
    triggerThreshold: rule.triggerThreshold
    suppressionDuration: 'PT5H'
    suppressionEnabled: false
    tactics: rule.tactics
    techniques: rule.relevantTechniques
    entityMappings: rule.entityMappings
    customDetails: rule.customDetails
    eventGroupingSettings: rule.eventGroupingSettings
    incidentConfiguration: {
      createIncident: true
      groupingConfiguration: {
        enabled: true
        reopenClosedIncident: false
        lookbackDuration: 'P1D' // what goes on is one incident a day
        matchingMethod: 'AllEntities'
      }
    }
  }
}]

resource workbook 'Microsoft.Insights/workbooks@2022-04-01' = {
  name: guid(workspace.id, 'Oversight')
  location: location
  kind: 'shared'
  properties: {
    displayName: 'Oversight'
    category: 'sentinel'
    serializedData: loadTextContent('workbooks/Oversight.json')
    sourceId: workspace.id
    version: 'Notebook/1.0'
  }
}
