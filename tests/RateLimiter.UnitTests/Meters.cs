using System.Diagnostics.Metrics;

namespace RateLimiter.UnitTests;

/// <summary>The meters of one test, and their listener.</summary>
internal sealed class Meters : IMeterFactory
{
    private readonly List<Meter> made = [];
    private readonly MeterListener listener = new();
    private readonly Dictionary<string, double> read = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        made.Add(meter);
        return meter;
    }

    /// <summary>Starts the listener.</summary>
    public Meters Listen()
    {
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Meter.Scope == this)
            {
                it.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((it, value, tags, _) => Add(it, value, tags));
        listener.SetMeasurementEventCallback<int>((it, value, tags, _) => Add(it, value, tags));
        listener.SetMeasurementEventCallback<double>((it, value, tags, _) => Add(it, value, tags));
        listener.Start();
        return this;
    }

    /// <summary>The values that are observed now or were recorded since the last read: sums by name and tags.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        listener.RecordObservableInstruments();
        var all = read.ToDictionary();
        read.Clear();
        return all;
    }

    public void Dispose()
    {
        listener.Dispose();
        made.ForEach(meter => meter.Dispose());
    }

    private void Add(
        Instrument instrument,
        double value,
        ReadOnlySpan<KeyValuePair<string, object?>> tags
    )
    {
        var name = string.Join(
            ' ',
            [instrument.Name, .. tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")]
        );
        // Instruments are recorded to by several threads at once.
        lock (read)
        {
            read[name] = read.GetValueOrDefault(name) + value;
        }
    }
}
