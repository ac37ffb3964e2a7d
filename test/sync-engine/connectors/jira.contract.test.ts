import { connectorContract } from '../../support/connector-contract.ts'
import { makeJiraWorld } from '../../support/jira-world.ts'

connectorContract('Jira', makeJiraWorld)
