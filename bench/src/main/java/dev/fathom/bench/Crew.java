package dev.fathom.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The processes of a generation of a family of rows. One that holds much memory makes room at the start of a row, so
 * that all of them together do not outgrow the machine.
 */
final class Crew implements AutoCloseable {
    /** Bytes that leave room for what a row needs, below 8 GiB. */
    private static final long ROOM = 5L << 30;

    private final Path out;
    private final Set<Contender.Home> unpacked;
    private final Map<Contender, Child> children = new LinkedHashMap<>();
    private int started;
    private long most;

    /** Logs go to {@code out}; homes whose processes have unpacked their natives are in {@code unpacked}. */
    Crew(Path out, Set<Contender.Home> unpacked) {
        this.out = out;
        this.unpacked = unpacked;
    }

    /** Starts those who take part in a row and do not run yet, all at once. */
    void summon(Collection<Contender> wanted) throws IOException {
        while (bytes() > ROOM) {
            dismiss(largest());
        }
        for (Contender contender : wanted) {
            if (!children.containsKey(contender)) {
                if (contender.home().ofPresets() && unpacked.add(contender.home())) {
                    unpack(contender);
                }
                children.put(contender, start(contender));
            }
        }
    }

    private Child start(Contender contender) throws IOException {
        Path log = out.resolve(started++ + "-" + contender.name() + ".log");
        return new Child(
                contender.process(Server.class.getName(), List.of("-Xmx4g"), contender.home().benchmarks), log);
    }

    /**
     * Has a process unpack the natives of presets, so that others do not find half of them. PyTorch's crash in the
     * process that does so.
     */
    private void unpack(Contender contender) throws IOException {
        try (Child first = start(contender)) {
            first.next();
        }
    }

    /** Has a contender answer a request. */
    String ask(Contender contender, String request) throws IOException {
        Child child = children.get(contender);
        if (child == null) { // it has ended by itself
            summon(List.of(contender));
            child = running(contender);
        }
        try {
            if (child.about.isEmpty()) {
                child.about = child.answer();
            }
            child.send(request);
            return child.answer();
        } catch (IOException e) {
            if (child.ended()) { // the next row gets another
                dismiss(contender);
            }
            throw e;
        } finally {
            most = Math.max(most, bytes());
        }
    }

    /** What all have said of themselves by now. */
    List<String> abouts() throws IOException {
        List<String> abouts = new ArrayList<>();
        for (Child child : children.values()) {
            abouts.add(child.about.contains("MKL") ? child.about : child.about + child.core());
        }
        return abouts;
    }

    /** The most bytes that they held together after a request. */
    long most() {
        return most;
    }

    private Child running(Contender contender) {
        Child child = children.get(contender);
        if (child == null) {
            throw new IllegalStateException(contender + " does not run");
        }
        return child;
    }

    private long bytes() {
        return children.values().stream().mapToLong(Child::bytes).sum();
    }

    private Contender largest() {
        return children.keySet().stream()
                .max(Comparator.comparingLong(contender -> running(contender).bytes()))
                .orElseThrow();
    }

    private void dismiss(Contender contender) {
        Child child = children.remove(contender);
        if (child != null) {
            child.close();
        }
    }

    @Override
    public void close() {
        children.values().forEach(Child::close);
    }
}
