namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>A span that a collector received.</summary>
public sealed record ExportedSpan(string Service, string TraceId, string Name);

/// <summary>A log record that a collector received.</summary>
public sealed record ExportedLine(string Service, string TraceId, string Severity, string Text);

/// <summary>
/// One series of a metric that a collector received. The value is that of a counter or gauge, or the count of a histogram.
/// </summary>
public sealed record ExportedValue(
    string Service,
    string Metric,
    string Unit,
    IReadOnlyDictionary<string, string> Labels,
    double Value
);

/// <summary>
/// Parses what OpenTelemetry exporters send. The numbers are the field numbers of its protocol
/// (opentelemetry/proto/…/v1/*.proto), which never change.
/// </summary>
internal static class Exported
{
    public static IEnumerable<ExportedSpan> Spans(ProtobufMessage request) =>
        from resource in request.All(1)
        from span in resource.All(2, 2)
        select new ExportedSpan(ServiceOf(resource), span.Id(1), span.Text(5));

    public static IEnumerable<ExportedLine> Lines(ProtobufMessage request) =>
        from resource in request.All(1)
        from line in resource.All(2, 2)
        select new ExportedLine(
            ServiceOf(resource),
            line.Id(9),
            line.Text(3),
            line.All(5).Single().Text(1)
        );

    public static IEnumerable<ExportedValue> Values(ProtobufMessage request) =>
        from resource in request.All(1)
        from metric in resource.All(2, 2)
        // The points of a gauge, a sum, a histogram.
        from point in metric
            .All(5, 1)
            .Concat(metric.All(7, 1))
            .Select(it => (Attributes: 7, Value: it.Number(6) ?? it.Fraction(4), It: it))
            .Concat(
                metric.All(9, 1).Select(it => (Attributes: 9, Value: (double?)it.Number(4), It: it))
            )
        select new ExportedValue(
            ServiceOf(resource),
            metric.Text(1),
            metric.Text(3),
            LabelsOf(point.It, point.Attributes),
            point.Value!.Value
        );

    private static string ServiceOf(ProtobufMessage resource) =>
        LabelsOf(resource.All(1).Single(), 1)["service.name"];

    private static Dictionary<string, string> LabelsOf(ProtobufMessage message, int field) =>
        message
            .All(field)
            .ToDictionary(label => label.Text(1), label => label.All(2).Single().Text(1));
}
