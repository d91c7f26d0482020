package dev.fathom.train;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** What the JDK's Flight Recorder is told of a batch of a training. */
@Name("dev.fathom.Step")
@Label("Step of a Training")
@Category("Fathom")
@StackTrace(false)
final class StepEvent extends Event {
    @Label("Epoch")
    int epoch;

    @Label("Step")
    int step;

    /** Looked up when something has recorded at least once. */
    private static final class Types {
        static final EventType STEP = EventType.getEventType(StepEvent.class);
    }

    /** One that has begun, or null where nothing records. */
    static @Nullable StepEvent begun() {
        if (!FlightRecorder.isInitialized() || !Types.STEP.isEnabled()) {
            return null;
        }
        StepEvent event = new StepEvent();
        event.begin();
        return event;
    }

    void end(int inEpoch, int number) {
        epoch = inEpoch;
        step = number;
        commit();
    }
}
