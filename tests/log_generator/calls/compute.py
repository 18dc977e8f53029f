"""Instances, functions, load balancers, networks."""

from tests.log_generator.api_call import ApiCall, ApiError
from tests.log_generator.calls.parts import (
    CHANGERS,
    FUNCTION,
    SOFTWARE,
    read_call,
    unauthorized_operation,
)

_ELB_VERSION = "2015-12-01"
_LAUNCHED_INSTANCE = {
    "instanceId": "i-0{{hex16:instance}}",
    "imageId": "{{image}}",
    "instanceState": {"code": 0, "name": "pending"},
    "privateDnsName": "ip-10-20-{{octet:a}}-{{octet:b}}.{{region}}.compute.internal",
    "keyName": "operations",
    "amiLaunchIndex": 0,
    "productCodes": {},
    "instanceType": "m7g.large",
    "launchTime": "{{milliseconds}}",
    "placement": {"availabilityZone": "{{region}}a", "tenancy": "default"},
    "monitoring": {"state": "pending"},
    "subnetId": "{{network.subnet}}",
    "vpcId": "{{network}}",
    "privateIpAddress": "10.20.{{octet:a}}.{{octet:b}}",
    "stateReason": {"code": "pending", "message": "pending"},
    "architecture": "arm64",
    "rootDeviceType": "ebs",
    "rootDeviceName": "/dev/xvda",
    "blockDeviceMapping": {},
    "virtualizationType": "hvm",
    "hypervisor": "xen",
    "tagSet": {
        "items": [{"key": "Name", "value": "{{service}}"}, {"key": "{{tag.key}}", "value": "{{tag.value}}"}]
    },
    "groupSet": {"items": [{"groupId": "{{network.security_group}}", "groupName": "{{service}}"}]},
    "sourceDestCheck": True,
    "networkInterfaceSet": {
        "items": [
            {
                "networkInterfaceId": "eni-0{{hex16:interface}}",
                "subnetId": "{{network.subnet}}",
                "vpcId": "{{network}}",
                "ownerId": "{{account}}",
                "status": "in-use",
                "macAddress": "0a:ff:c1:9e:2b:d5",
                "privateIpAddress": "10.20.{{octet:a}}.{{octet:b}}",
                "sourceDestCheck": True,
                "interfaceType": "interface",
                "groupSet": {
                    "items": [{"groupId": "{{network.security_group}}", "groupName": "{{service}}"}]
                },
                "attachment": {
                    "attachmentId": "eni-attach-0{{hex16:attachment}}",
                    "deviceIndex": 0,
                    "networkCardIndex": 0,
                    "status": "attaching",
                    "attachTime": "{{milliseconds}}",
                    "deleteOnTermination": True,
                },
                "privateIpAddressesSet": {
                    "item": [{"privateIpAddress": "10.20.{{octet:a}}.{{octet:b}}", "primary": True}]
                },
                "ipv6AddressesSet": {},
                "tagSet": {},
            }
        ]
    },
    "iamInstanceProfile": {
        "arn": "arn:aws:iam::{{account}}:instance-profile/{{role}}",
        "id": "AIPA{{upper16}}",
    },
    "ebsOptimized": False,
    "enaSupport": True,
    "cpuOptions": {"coreCount": 2, "threadsPerCore": 1},
    "capacityReservationSpecification": {"capacityReservationPreference": "open"},
    "enclaveOptions": {"enabled": False},
    "metadataOptions": {
        "state": "pending",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 2,
        "httpEndpoint": "enabled",
        "instanceMetadataTags": "disabled",
    },
    "maintenanceOptions": {"autoRecovery": "default"},
    "privateDnsNameOptions": {"hostnameType": "ip-name", "enableResourceNameDnsARecord": False},
}


def _nested_statement(depth: int) -> dict[str, object]:
    """A rule of AWS WAF in which every level is a condition on the next."""
    statement: dict[str, object] = {
        "byteMatchStatement": {
            "searchString": {
                "hb": [47, 97, 100, 109, 105, 110],
                "offset": 0,
                "isReadOnly": False,
                "bigEndian": True,
            },
            "fieldToMatch": {"singleHeader": {"name": "x-forwarded-for"}},
            "textTransformations": [
                {"priority": 0, "type": "URL_DECODE"},
                {"priority": 1, "type": "LOWERCASE"},
            ],
            "positionalConstraint": "STARTS_WITH",
        }
    }
    for level in range(depth):
        if level % 3 == 2:
            statement = {"notStatement": {"statement": statement}}
        else:
            countries = {"geoMatchStatement": {"countryCodes": ["CH", "DE", "SE"]}}
            statement = {"andStatement": {"statements": [statement, countries]}}
    return statement


CALLS = (
    read_call(
        "ec2",
        "DescribeInstances",
        55,
        {"instancesSet": {"items": [{"instanceId": "{{instance}}"}]}, "filterSet": {}},
        unauthorized_operation(0.05, "ec2:DescribeInstances", "*"),
    ),
    read_call(
        "ec2",
        "DescribeNetworkInterfaces",
        30,
        {
            "networkInterfaceIdSet": {},
            "filterSet": {"items": [{"name": "vpc-id", "valueSet": {"items": [{"value": "{{network}}"}]}}]},
        },
    ),
    read_call(
        "ec2",
        "DescribeRouteTables",
        25,
        {"routeTableIdSet": {"items": [{"routeTableId": "rtb-0{{hex16}}"}]}, "filterSet": {}},
        ApiError(
            0.15, "Client.InvalidRouteTableID.NotFound", "The routeTable ID 'rtb-0{{hex16}}' does not exist"
        ),
    ),
    read_call(
        "ec2",
        "DescribeSecurityGroups",
        25,
        {
            "securityGroupSet": {},
            "securityGroupIdSet": {"items": [{"groupId": "{{network.security_group}}"}]},
            "filterSet": {},
        },
    ),
    read_call(
        "ec2", "DescribeVolumes", 15, {"volumeSet": {"items": [{"volumeId": "{{volume}}"}]}, "filterSet": {}}
    ),
    ApiCall(
        "ec2",
        "CreateTags",
        8,
        CHANGERS,
        {
            "resourcesSet": {"items": [{"resourceId": "{{instance}}"}]},
            "tagSet": {
                "items": [
                    {"key": "{{tag.key}}", "value": "{{tag.value}}"},
                    {"key": "Name", "value": "{{service}}"},
                ]
            },
        },
        {"requestId": "{{uuid:request}}", "_return": True},
        read_only=False,
    ),
    ApiCall(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        4,
        CHANGERS,
        {
            "groupId": "{{network.security_group}}",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "groups": {},
                        "ipRanges": {
                            "items": [{"cidrIp": "198.51.100.{{octet}}/32", "description": "office & VPN"}]
                        },
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        {
            "requestId": "{{uuid:request}}",
            "_return": True,
            "securityGroupRuleSet": {
                "items": [
                    {
                        "groupOwnerId": "{{account}}",
                        "groupId": "{{network.security_group}}",
                        "securityGroupRuleId": "sgr-0{{hex16}}",
                        "description": "office & VPN",
                        "isEgress": False,
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "cidrIpv4": "198.51.100.{{octet}}/32",
                    }
                ]
            },
        },
        read_only=False,
    ),
    ApiCall(
        "ec2",
        "RunInstances",
        3,
        {"service_role": 3, "deployer": 1},
        {
            "instancesSet": {
                "items": [{"imageId": "{{image}}", "minCount": 1, "maxCount": 1, "keyName": "operations"}]
            },
            "instanceType": "m7g.large",
            "blockDeviceMapping": {
                "items": [
                    {
                        "deviceName": "/dev/xvda",
                        "ebs": {"volumeSize": 40, "volumeType": "gp3", "encrypted": True},
                    }
                ]
            },
            "monitoring": {"enabled": True},
            "disableApiTermination": False,
            "clientToken": "fleet-{{uuid:client}}-0",
            "subnetId": "{{network.subnet}}",
            "iamInstanceProfile": {"name": "{{role}}"},
            "userData": "<sensitiveDataRemoved>",
        },
        {
            "requestId": "{{uuid:request}}",
            "reservationId": "r-0{{hex16:reservation}}",
            "ownerId": "{{account}}",
            "groupSet": {},
            "instancesSet": {"items": [_LAUNCHED_INSTANCE, {**_LAUNCHED_INSTANCE, "amiLaunchIndex": 1}]},
        },
        read_only=False,
        errors=(
            unauthorized_operation(0.1, "ec2:RunInstances", "arn:aws:ec2:{{region}}:{{account}}:instance/*"),
        ),
    ),
    ApiCall(
        "ec2",
        "SharedSnapshotVolumeCreated",
        2,
        {"ec2_event": 1},
        read_only=False,
        request_id=None,
        event_type="AwsServiceEvent",
        service_event_details={"snapshotId": "{{volume.snapshot}}"},
    ),
    read_call("lambda", "ListFunctions20150331", 15, {"maxItems": 10000}),
    read_call("lambda", "GetFunction20150331v2", 12, {"functionName": FUNCTION[1]}),
    ApiCall(
        "lambda",
        "UpdateFunctionCode20150331v2",
        5,
        CHANGERS,
        {
            "functionName": "{{function}}",
            "s3Bucket": "{{bucket}}",
            "s3Key": "{{object}}",
            "publish": True,
            "dryRun": False,
        },
        {
            "functionName": "{{function}}",
            "functionArn": FUNCTION[1],
            "runtime": "python3.13",
            "role": "arn:aws:iam::{{account}}:role/{{role}}",
            "handler": "app.handler",
            "codeSize": "{{bytes}}",
            "timeout": 30,
            "memorySize": 1769,
            "state": "Active",
            "lastUpdateStatus": "InProgress",
            "environment": {},
            "tracingConfig": {"mode": "Active"},
            "architectures": ["arm64"],
            "revisionId": "{{uuid:revision}}",
        },
        read_only=False,
    ),
    ApiCall(
        "lambda",
        "Invoke",
        18,
        SOFTWARE,
        {"functionName": FUNCTION[1], "invocationType": "Event", "clientContext": None},
        resources=(FUNCTION,),
        read_only=False,
        category="Data",
        additional={"functionVersion": "{{function}}:$LATEST"},
        errors=(ApiError(0.06, "TooManyRequestsException", "Rate Exceeded."),),
    ),
    ApiCall(
        "elasticloadbalancing",
        "DescribeLoadBalancers",
        20,
        {"monitoring": 3, "pod": 3, "service_role": 1, "deployer": 1},
        {"pageSize": 400},
        api_version=_ELB_VERSION,
        version="1.08",
    ),
    ApiCall(
        "elasticloadbalancing",
        "RegisterTargets",
        6,
        {"pod": 4, "service_role": 2},
        {
            "targetGroupArn": "arn:aws:elasticloadbalancing:{{region}}:{{account}}:targetgroup/{{load_balancer}}/{{load_balancer.id}}",
            "targets": [{"id": "{{instance}}", "port": 8080}],
        },
        read_only=False,
        api_version=_ELB_VERSION,
        version="1.08",
    ),
    ApiCall(
        "wafv2",
        "UpdateWebACL",
        2,
        CHANGERS,
        {
            "name": "edge",
            "scope": "REGIONAL",
            "id": "{{uuid:acl}}",
            "lockToken": "{{uuid:lock}}",
            "defaultAction": {"allow": {}},
            "rules": [
                {
                    "name": "admin-from-abroad",
                    "priority": 1,
                    "statement": _nested_statement(12),
                    "action": {"block": {}},
                }
            ],
        },
        {"nextLockToken": "{{uuid:next}}"},
        read_only=False,
    ),
)
