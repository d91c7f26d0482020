package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The limit of native memory: its setting, and what containers of both versions of control groups and machines have.
 */
class MemoryLimitTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path root;

    @Test
    void sizesAndShares() {
        assertThat(MemoryLimit.parse("512m", GIB)).isEqualTo(512L << 20);
        assertThat(MemoryLimit.parse(" 6G ", GIB))
                .as("it may be more than there is")
                .isEqualTo(6 * GIB);
        assertThat(MemoryLimit.parse("2t", GIB)).isEqualTo(2048 * GIB);
        assertThat(MemoryLimit.parse("64k", GIB)).isEqualTo(65536);
        assertThat(MemoryLimit.parse("1000000", GIB)).isEqualTo(1_000_000);
        assertThat(MemoryLimit.parse("50%", 10 * GIB)).isEqualTo(5 * GIB);
        assertThat(MemoryLimit.parse("12.5%", 8 * GIB)).isEqualTo(GIB);
        assertThat(MemoryLimit.byDefault(10 * GIB)).isEqualTo(8 * GIB);
        assertThat(MemoryLimit.byDefault(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        for (String wrong :
                new String[] {"0", "0m", "-1g", "6gb", "g", "0%", "101%", "much", "1e9", "999999999999999t"}) {
            assertThat(MemoryLimit.parse(wrong, GIB)).as(wrong).isNull();
        }
    }

    @Test
    void theMachine() throws IOException {
        assertThat(MemoryLimit.available(root)).as("nothing is known").isEqualTo(Long.MAX_VALUE);
        write("proc/meminfo", "MemTotal:       24684084 kB\nMemFree:        21461524 kB\n");
        assertThat(MemoryLimit.available(root)).isEqualTo(24684084L * 1024);
    }

    @Test
    void controlGroupsOfVersion2() throws IOException {
        write("proc/meminfo", "MemTotal:       24684084 kB\n");
        write("proc/self/cgroup", "0::/system.slice/service/app\n");
        write("sys/fs/cgroup/system.slice/service/app/memory.max", "max\n");
        write("sys/fs/cgroup/system.slice/service/memory.max", "4294967296\n");
        assertThat(MemoryLimit.available(root))
                .as("that of the group around it")
                .isEqualTo(4 * GIB);
        write("sys/fs/cgroup/system.slice/service/app/memory.max", "1073741824\n");
        assertThat(MemoryLimit.available(root)).isEqualTo(GIB);
        write("proc/self/cgroup", "0::/../../elsewhere\n");
        assertThat(MemoryLimit.available(root)).as("not seen from here").isEqualTo(24684084L * 1024);
        write("sys/fs/cgroup/memory.max", "2147483648\n");
        write("proc/self/cgroup", "0::/\n");
        assertThat(MemoryLimit.available(root))
                .as("a container sees its own group as the root")
                .isEqualTo(2 * GIB);
    }

    @Test
    void controlGroupsOfVersion1() throws IOException {
        write("proc/meminfo", "MemTotal:       24684084 kB\n");
        write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/docker/0123\n1:cpu:/x\n0::/\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n");
        assertThat(MemoryLimit.available(root)).as("the path is the host's").isEqualTo(3 * GIB);
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(MemoryLimit.available(root)).as("no limit").isEqualTo(24684084L * 1024);
        write("sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes", "1073741824\n");
        assertThat(MemoryLimit.available(root)).isEqualTo(GIB);
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
