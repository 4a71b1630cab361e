# SMBIOS, as it stands there.
# shellcheck shell=dash
facts_dmi() {
  directory=$ROOT/sys/class/dmi/id
  fact_of dmi.uuid s "$directory/product_uuid"
  fact_of dmi.serial s "$directory/product_serial"
  fact_of dmi.assetTag s "$directory/chassis_asset_tag"
  fact_of dmi.boardSerial s "$directory/board_serial"
  fact_of dmi.chassisSerial s "$directory/chassis_serial"
  fact_of dmi.manufacturer s "$directory/sys_vendor"
  fact_of dmi.product s "$directory/product_name"
  fact_of dmi.biosVersion s "$directory/bios_version"
}
