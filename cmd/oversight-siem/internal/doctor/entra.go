// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strings"
)

// entraError is an error of Microsoft Entra ID.
type entraError struct {
	Name        string `json:"error"`
	Description string `json:"error_description"`
	Codes       []int  `json:"error_codes"`
}

// entraRemedies say what to do about a code; KEY is the setting of the credential.
// Source: learn.microsoft.com, "Microsoft Entra authentication and authorization error
// codes".
var entraRemedies = map[int]string{
	7000215: "set `KEY::client_secret` to the value of a secret of the application, which is not its secret id",
	7000222: "the secret is expired: make a new one in Entra ID (App registrations > the application > Certificates & secrets), and set `KEY::client_secret` to its value",
	700016:  "set `KEY::client_id` to the Application (client) ID, and `tenant_id` to the tenant that it is registered in",
	7000112: "enable the application in Entra ID: Enterprise applications > the application > Properties",
	90002:   "set `KEY::tenant_id` to the Directory (tenant) ID, and `cloud` to the cloud of that tenant",
	900023:  "set `KEY::tenant_id` to the Directory (tenant) ID, or to a domain of it",
	500011:  "set `KEY::cloud` to the cloud of the tenant, and remove `scope`",
	900382:  "set `KEY::cloud` to the cloud of the tenant",
	53003:   "let the tenant's Conditional Access policies admit the application from this address",
}

// remedy says what to do.
func (e *entraError) remedy(credential string) string {
	for _, code := range e.Codes {
		if text, known := entraRemedies[code]; known {
			return strings.ReplaceAll(text, "KEY", credential)
		}
	}
	return fmt.Sprintf("renew the application's secret in Entra ID and set `%s::client_secret`; compare `tenant_id`, `client_id` and `cloud`", credential)
}

// String is the name and the description, without the ids and times that follow it.
func (e entraError) String() string {
	description, _, _ := strings.Cut(e.Description, "Trace ID:")
	return strings.Join(strings.Fields(e.Name+" "+description), " ")
}
