// Kontingent on Azure, the first form: Container Apps, PostgreSQL flexible server, Key Vault, bot registration with Teams.
// infra/README.md says what must exist before and what is done by hand after.

@description('Short name of this installation; part of every resource name')
@minLength(3)
@maxLength(12)
param name string

param location string = resourceGroup().location

@description('Image with tag, for example registry.contoso.com/kontingent:0.1.0')
param image string

@description('Registry the image is pulled from with the identity of the app; empty for a public image')
param registryServer string = ''

@description('Host name under which browsers and Microsoft reach the app, lower-case')
param hostName string

@description('Resource id of a certificate of the container environment for hostName; empty until it is bound')
param certificateId string = ''

@description('Address or link shown wherever people are told to ask')
param supportContact string

@description('Tenant and app with which the publisher calls the marketplace')
param marketplaceTenantId string
param marketplaceClientId string

@description('Multi-tenant Entra app of the tab and the account page')
param entraClientId string

@description('Entra app of the bot and the tenant it is registered in')
param botAppId string
param botTenantId string = tenant().tenantId

@description('Id of the Teams app, as in the package')
param teamsAppId string

@allowed(['staging', 'production'])
param mode string = 'production'

@description('Settings that have a default, by name as in .env.example: endpoints of a sovereign cloud, LOG_LEVEL and the like')
param overrides object = {}

param databaseSku object = { name: 'Standard_D2ds_v5', tier: 'GeneralPurpose' }
param databaseVersion string = '17'
param databaseStorageGB int = 64

@secure()
param databasePassword string
@description('How the publisher’s app proves itself: one of secret, certificate (PEM or base64 of a PKCS#12 file) and managed identity; off for the others')
@secure()
param marketplaceClientSecret string
@secure()
param marketplaceClientCertificate string
@secure()
param marketplaceCertificatePassword string
@description('Whether the identity of the app stands for the publisher’s; its client id is then trusted there as a federated credential')
param marketplaceUsesManagedIdentity bool = false
@secure()
param entraClientSecret string
@secure()
param botAppPassword string
@description('32 characters at least')
@minLength(32)
@secure()
param sessionSecret string
@description('smtp(s)://user:password@host:port of the mail server, or off')
@secure()
param smtpUrl string
@description('What /metrics asks for as a bearer token')
@secure()
param metricsToken string

var unique = uniqueString(resourceGroup().id, name)
var port = 3978
var databaseLogin = 'kontingent'

// --- Identity and secrets -------------------------------------------------------------------------------------------

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-app'
  location: location
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: take('${name}-${unique}', 24)
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
  }
}

// Key Vault Secrets User: may read secrets, nothing else.
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource readSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, secretsUser)
  scope: vault
  properties: {
    roleDefinitionId: secretsUser
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource databaseUrlSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'database-url'
  properties: {
    value: 'postgres://${databaseLogin}:${uriComponent(databasePassword)}@${database.properties.fullyQualifiedDomainName}:5432/kontingent?sslmode=verify-full'
  }
}

resource marketplaceSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'marketplace-client-secret'
  properties: { value: marketplaceClientSecret }
}

resource marketplaceCertificate 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'marketplace-client-certificate'
  properties: { value: marketplaceClientCertificate }
}

resource marketplaceCertificateKey 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'marketplace-certificate-password'
  properties: { value: marketplaceCertificatePassword }
}

resource entraSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'entra-client-secret'
  properties: { value: entraClientSecret }
}

resource botSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'bot-app-password'
  properties: { value: botAppPassword }
}

resource sessionKey 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'session-secret'
  properties: { value: sessionSecret }
}

resource metricsKey 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'metrics-token'
  properties: { value: metricsToken }
}

resource smtpSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'smtp-url'
  properties: { value: smtpUrl }
}

// --- Database -------------------------------------------------------------------------------------------------------

resource database 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: '${name}-${unique}'
  location: location
  sku: {
    name: databaseSku.name
    tier: databaseSku.tier
  }
  properties: {
    version: databaseVersion
    administratorLogin: databaseLogin
    administratorLoginPassword: databasePassword
    storage: { storageSizeGB: databaseStorageGB, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: 14, geoRedundantBackup: 'Disabled' }
    highAvailability: { mode: 'Disabled' }
  }
}

resource databaseOfApp 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: database
  name: 'kontingent'
  properties: { charset: 'UTF8', collation: 'en_US.utf8' }
}

// Reachable from within Azure only, with password and TLS; a private network is the next step.
resource databaseFromAzure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2024-08-01' = {
  parent: database
  name: 'from-azure'
  // The server takes one change at a time.
  dependsOn: [databaseOfApp]
  properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
}

// --- App ------------------------------------------------------------------------------------------------------------

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${name}-logs'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
  }
}

resource surroundings 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: '${name}-environment'
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${name}-app'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  dependsOn: [readSecrets, databaseFromAzure]
  properties: {
    managedEnvironmentId: surroundings.id
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: port
        allowInsecure: false
        customDomains: empty(certificateId) ? [] : [
          { name: hostName, certificateId: certificateId, bindingType: 'SniEnabled' }
        ]
      }
      registries: empty(registryServer) ? [] : [
        { server: registryServer, identity: identity.id }
      ]
      secrets: [
        { name: 'database-url', keyVaultUrl: databaseUrlSecret.properties.secretUri, identity: identity.id }
        { name: 'marketplace-client-secret', keyVaultUrl: marketplaceSecret.properties.secretUri, identity: identity.id }
        { name: 'marketplace-client-certificate', keyVaultUrl: marketplaceCertificate.properties.secretUri, identity: identity.id }
        { name: 'marketplace-certificate-password', keyVaultUrl: marketplaceCertificateKey.properties.secretUri, identity: identity.id }
        { name: 'entra-client-secret', keyVaultUrl: entraSecret.properties.secretUri, identity: identity.id }
        { name: 'bot-app-password', keyVaultUrl: botSecret.properties.secretUri, identity: identity.id }
        { name: 'session-secret', keyVaultUrl: sessionKey.properties.secretUri, identity: identity.id }
        { name: 'metrics-token', keyVaultUrl: metricsKey.properties.secretUri, identity: identity.id }
        { name: 'smtp-url', keyVaultUrl: smtpSecret.properties.secretUri, identity: identity.id }
      ]
    }
    template: {
      containers: [
        {
          name: 'app'
          image: image
          resources: { cpu: json('1.0'), memory: '2Gi' }
          // An empty value means the default of docs/configuration.md.
          env: [
            { name: 'KONTINGENT_MODE', value: mode }
            { name: 'PORT', value: string(port) }
            { name: 'HOST', value: '0.0.0.0' }
            { name: 'PUBLIC_URL', value: 'https://${hostName}' }
            { name: 'SUPPORT_CONTACT', value: supportContact }
            { name: 'SESSION_SECRET', secretRef: 'session-secret' }
            { name: 'PLAN_CATALOG', value: overrides.?PLAN_CATALOG ?? '' }
            { name: 'DATABASE_URL', secretRef: 'database-url' }
            { name: 'MARKETPLACE_TENANT_ID', value: marketplaceTenantId }
            { name: 'MARKETPLACE_CLIENT_ID', value: marketplaceClientId }
            { name: 'MARKETPLACE_CLIENT_SECRET', secretRef: 'marketplace-client-secret' }
            { name: 'MARKETPLACE_CLIENT_SECRET_EXPIRES_AT', value: overrides.?MARKETPLACE_CLIENT_SECRET_EXPIRES_AT ?? '' }
            { name: 'MARKETPLACE_CLIENT_CERTIFICATE', secretRef: 'marketplace-client-certificate' }
            { name: 'MARKETPLACE_CLIENT_CERTIFICATE_PASSWORD', secretRef: 'marketplace-certificate-password' }
            { name: 'MARKETPLACE_MANAGED_IDENTITY', value: marketplaceUsesManagedIdentity ? identity.properties.clientId : 'off' }
            { name: 'MARKETPLACE_API_URL', value: overrides.?MARKETPLACE_API_URL ?? '' }
            { name: 'MARKETPLACE_METERING_URL', value: overrides.?MARKETPLACE_METERING_URL ?? '' }
            { name: 'MARKETPLACE_AUTHORITY', value: overrides.?MARKETPLACE_AUTHORITY ?? '' }
            { name: 'MARKETPLACE_API_HOSTS', value: overrides.?MARKETPLACE_API_HOSTS ?? '' }
            { name: 'MARKETPLACE_WEBHOOK_ISSUERS', value: overrides.?MARKETPLACE_WEBHOOK_ISSUERS ?? '' }
            { name: 'MARKETPLACE_WEBHOOK_AUDIENCE', value: overrides.?MARKETPLACE_WEBHOOK_AUDIENCE ?? '' }
            { name: 'MARKETPLACE_WEBHOOK_JWKS_URL', value: overrides.?MARKETPLACE_WEBHOOK_JWKS_URL ?? '' }
            { name: 'MARKETPLACE_WEBHOOK_CALLER_ID', value: overrides.?MARKETPLACE_WEBHOOK_CALLER_ID ?? '' }
            { name: 'ENTRA_CLIENT_ID', value: entraClientId }
            { name: 'ENTRA_CLIENT_SECRET', secretRef: 'entra-client-secret' }
            { name: 'ENTRA_CLIENT_SECRET_EXPIRES_AT', value: overrides.?ENTRA_CLIENT_SECRET_EXPIRES_AT ?? '' }
            { name: 'ENTRA_AUTHORITY', value: overrides.?ENTRA_AUTHORITY ?? '' }
            { name: 'ENTRA_JWKS_URL', value: overrides.?ENTRA_JWKS_URL ?? '' }
            { name: 'ENTRA_ISSUER_TEMPLATE', value: overrides.?ENTRA_ISSUER_TEMPLATE ?? '' }
            { name: 'OPERATOR_TENANT_ID', value: overrides.?OPERATOR_TENANT_ID ?? '' }
            { name: 'OPERATOR_MAILBOX', value: overrides.?OPERATOR_MAILBOX ?? '' }
            { name: 'SELLER_NAME', value: overrides.?SELLER_NAME ?? '' }
            { name: 'SELLER_ADDRESS', value: overrides.?SELLER_ADDRESS ?? '' }
            { name: 'SELLER_TAX_ID', value: overrides.?SELLER_TAX_ID ?? '' }
            { name: 'SELLER_NOTE', value: overrides.?SELLER_NOTE ?? '' }
            { name: 'TAX_PERCENT', value: overrides.?TAX_PERCENT ?? '' }
            { name: 'TAX_MODE', value: overrides.?TAX_MODE ?? '' }
            { name: 'TAX_NAME', value: overrides.?TAX_NAME ?? '' }
            { name: 'SMTP_URL', secretRef: 'smtp-url' }
            { name: 'MAIL_FROM', value: overrides.?MAIL_FROM ?? '' }
            { name: 'BOT_APP_ID', value: botAppId }
            { name: 'BOT_APP_PASSWORD', secretRef: 'bot-app-password' }
            { name: 'BOT_APP_PASSWORD_EXPIRES_AT', value: overrides.?BOT_APP_PASSWORD_EXPIRES_AT ?? '' }
            { name: 'BOT_APP_TYPE', value: 'SingleTenant' }
            { name: 'BOT_TENANT_ID', value: botTenantId }
            { name: 'BOT_OPENID_METADATA_URL', value: overrides.?BOT_OPENID_METADATA_URL ?? '' }
            { name: 'BOT_TOKEN_ISSUER', value: overrides.?BOT_TOKEN_ISSUER ?? '' }
            { name: 'BOT_LOGIN_URL', value: overrides.?BOT_LOGIN_URL ?? '' }
            { name: 'LOG_LEVEL', value: overrides.?LOG_LEVEL ?? '' }
            { name: 'METRICS_TOKEN', secretRef: 'metrics-token' }
            { name: 'TRUSTED_PROXY_HOPS', value: '1' }
            { name: 'RATE_LIMIT_PER_MINUTE', value: overrides.?RATE_LIMIT_PER_MINUTE ?? '' }
            { name: 'TEAMS_APP_ID', value: teamsAppId }
          ]
          probes: [
            { type: 'Startup', httpGet: { path: '/health/live', port: port }, periodSeconds: 2, failureThreshold: 45 }
            { type: 'Liveness', httpGet: { path: '/health/live', port: port }, periodSeconds: 15, failureThreshold: 4 }
            { type: 'Readiness', httpGet: { path: '/health/ready', port: port }, periodSeconds: 5, failureThreshold: 3 }
          ]
        }
      ]
      scale: { minReplicas: 1, maxReplicas: 3 }
    }
  }
}

// --- Bot ------------------------------------------------------------------------------------------------------------

// A registration for one tenant: no other kind can be created any more. It serves users of every tenant all the same,
// because the Entra app behind it is multi-tenant.
resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: '${name}-bot-${unique}'
  location: 'global'
  kind: 'azurebot'
  sku: { name: 'S1' }
  properties: {
    displayName: 'Kontingent'
    endpoint: 'https://${hostName}/api/messages'
    msaAppId: botAppId
    msaAppType: 'SingleTenant'
    msaAppTenantId: botTenantId
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: { isEnabled: true }
  }
}

output defaultHost string = app.properties.configuration.ingress.fqdn
output domainVerification string = app.properties.customDomainVerificationId
output botEndpoint string = bot.properties.endpoint
