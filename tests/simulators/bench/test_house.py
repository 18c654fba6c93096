import shutil
import socket

from simulators.bench.house import House, free_ports


def test_ports_are_free_and_different():
    ports = free_ports(4)
    assert len(set(ports)) == 4
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_house_that_never_started_can_be_stopped_and_leaves_nothing():
    house = House("sqlite")
    assert house.url == f"http://127.0.0.1:{house.cwmp_port}/"
    assert house.stored_bytes() == 0
    house.stop()
    assert not house.folder.exists()
    shutil.rmtree(house.folder, ignore_errors=True)
