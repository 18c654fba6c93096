"""What can be permitted, and which role has what. The one table; routes and buttons name a Permission, never a role."""

from enum import StrEnum

from flask_babel import lazy_gettext as _l


class Permission(StrEnum):
    OWN_PROFILE = "own_profile"
    OWN_TOKENS = "own_tokens"
    VIEW_DEVICES = "view_devices"
    VIEW_SECRETS = "view_secrets"
    READ_DEVICE = "read_device"
    DIAGNOSE = "diagnose"
    WRITE_BASIC = "write_basic"
    WRITE_PARAMETERS = "write_parameters"
    OVERRIDE_RULES = "override_rules"
    ADD_DELETE_OBJECTS = "add_delete_objects"
    REBOOT = "reboot"
    FACTORY_RESET = "factory_reset"
    UPGRADE_FIRMWARE = "upgrade_firmware"
    MANAGE_FIRMWARE = "manage_firmware"
    BACKUP_RESTORE = "backup_restore"
    MANAGE_QUIRKS = "manage_quirks"
    CANCEL_OPERATION = "cancel_operation"
    RUN_CAMPAIGNS = "run_campaigns"
    APPROVE_CAMPAIGNS = "approve_campaigns"
    ADMIT_DEVICE = "admit_device"
    MANAGE_DEVICES = "manage_devices"
    MANAGE_MODULES = "manage_modules"
    MOVE_DEVICES = "move_devices"
    SEND_RAW_RPC = "send_raw_rpc"
    VIEW_ACCESS = "view_access"
    MANAGE_ACCESS = "manage_access"
    MANAGE_PROFILES = "manage_profiles"
    MANAGE_HOOKS = "manage_hooks"
    REPLACE_DEVICES = "replace_devices"
    MERGE_DEVICES = "merge_devices"
    VIEW_FLEET = "view_fleet"
    HANDLE_ALARMS = "handle_alarms"
    MANAGE_MONITORS = "manage_monitors"
    VIEW_SESSIONS = "view_sessions"
    VIEW_JOBS = "view_jobs"
    RETRY_JOBS = "retry_jobs"
    VIEW_AUDIT = "view_audit"
    MANAGE_USERS = "manage_users"


class Role(StrEnum):
    ADMIN = "admin"
    ENGINEER = "engineer"
    AGENT = "agent"
    VIEWER = "viewer"


_VIEWER = frozenset({Permission.OWN_PROFILE, Permission.OWN_TOKENS, Permission.VIEW_DEVICES})
_AGENT = _VIEWER | {Permission.READ_DEVICE, Permission.DIAGNOSE, Permission.WRITE_BASIC, Permission.REBOOT, Permission.CANCEL_OPERATION, Permission.VIEW_ACCESS}
_AGENT |= {Permission.REPLACE_DEVICES}
_AGENT |= {Permission.HANDLE_ALARMS}
_ENGINEER = frozenset(Permission) - {Permission.MANAGE_USERS, Permission.MOVE_DEVICES, Permission.SEND_RAW_RPC}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.ENGINEER: _ENGINEER,
    Role.AGENT: _AGENT,
    Role.VIEWER: _VIEWER,
}

ROLE_WORDS = {
    Role.ADMIN: _l("Administrator"),
    Role.ENGINEER: _l("Network engineer"),
    Role.AGENT: _l("Care agent"),
    Role.VIEWER: _l("Viewer"),
}
ROLE_HELP = {
    Role.ADMIN: _l("Everything, and who may come in."),
    Role.ENGINEER: _l("Everything that concerns devices, firmware, sessions and jobs."),
    Role.AGENT: _l("Look, diagnose, WiFi name, password and channel, restart."),
    Role.VIEWER: _l("Look at devices, change nothing."),
}
PERMISSION_WORDS = {
    Permission.OWN_PROFILE: _l("change your own profile"),
    Permission.OWN_TOKENS: _l("issue API tokens of your own"),
    Permission.VIEW_DEVICES: _l("see devices"),
    Permission.VIEW_SECRETS: _l("see passwords stored on devices"),
    Permission.READ_DEVICE: _l("read values from a device"),
    Permission.DIAGNOSE: _l("run diagnostics"),
    Permission.WRITE_BASIC: _l("change WiFi name, password and channel"),
    Permission.WRITE_PARAMETERS: _l("change any parameter"),
    Permission.OVERRIDE_RULES: _l("write what a data model forbids"),
    Permission.ADD_DELETE_OBJECTS: _l("add and delete objects on a device"),
    Permission.REBOOT: _l("restart a device"),
    Permission.FACTORY_RESET: _l("reset a device to factory settings"),
    Permission.UPGRADE_FIRMWARE: _l("update the firmware of a device"),
    Permission.MANAGE_FIRMWARE: _l("add and withdraw firmware images"),
    Permission.MANAGE_QUIRKS: _l("set what is known of models, and turn it off"),
    Permission.BACKUP_RESTORE: _l("back up and restore settings of a device"),
    Permission.CANCEL_OPERATION: _l("cancel an operation"),
    Permission.RUN_CAMPAIGNS: _l("write, begin and stop campaigns"),
    Permission.APPROVE_CAMPAIGNS: _l("agree to another person's campaign"),
    Permission.ADMIT_DEVICE: _l("let a device out of quarantine"),
    Permission.MANAGE_DEVICES: _l("register, tag and delete devices"),
    Permission.MANAGE_MODULES: _l("install and remove software modules"),
    Permission.MOVE_DEVICES: _l("send devices to another ACS"),
    Permission.SEND_RAW_RPC: _l("send a vendor's own calls to a device"),
    Permission.VIEW_ACCESS: _l("see who may connect and who was refused"),
    Permission.MANAGE_PROFILES: _l("say what should hold on which devices"),
    Permission.MANAGE_HOOKS: _l("write and publish hooks"),
    Permission.REPLACE_DEVICES: _l("give a device's own settings to its successor"),
    Permission.MANAGE_ACCESS: _l("block devices and register certificates"),
    Permission.MERGE_DEVICES: _l("merge devices, split them, and settle identity alarms"),
    Permission.VIEW_FLEET: _l("see the fleet in numbers, monitors and reports"),
    Permission.HANDLE_ALARMS: _l("acknowledge, suppress and clear alarms"),
    Permission.MANAGE_MONITORS: _l("say what is watched and when it raises an alarm"),
    Permission.VIEW_SESSIONS: _l("read recorded sessions"),
    Permission.VIEW_JOBS: _l("see background jobs"),
    Permission.RETRY_JOBS: _l("run a failed job again"),
    Permission.VIEW_AUDIT: _l("read the audit trail"),
    Permission.MANAGE_USERS: _l("add and change users"),
}


def roles_with(permission: Permission) -> tuple[Role, ...]:
    return tuple(role for role in Role if permission in PERMISSIONS[role])
