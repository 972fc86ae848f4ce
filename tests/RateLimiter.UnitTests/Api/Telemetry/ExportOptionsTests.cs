using Microsoft.Extensions.Configuration;
using OpenTelemetry.Resources;
using RateLimiter.Api.Telemetry;
using Signal = RateLimiter.Api.Telemetry.ExportOptions.Signal;

namespace RateLimiter.UnitTests.Api.Telemetry;

public sealed class ExportOptionsTests
{
    [TestCase("", ExpectedResult = "")]
    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT=http://a:4317", ExpectedResult = "Traces Metrics Logs")]
    [TestCase("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a:4317", ExpectedResult = "Traces")]
    [TestCase(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://a:4317 OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none",
        ExpectedResult = "Traces"
    )]
    [TestCase(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://a:4317 OTEL_SDK_DISABLED=true",
        ExpectedResult = ""
    )]
    [TestCase("OTEL_TRACES_EXPORTER=otlp", ExpectedResult = "")]
    public string Exports_AnyVariables_OnlyWhatACollectorIsNamedFor(string variables)
    {
        var options = Of(variables);

        return string.Join(' ', Enum.GetValues<Signal>().Where(options.Exports));
    }

    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT=https://a:4317/b")]
    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT=")]
    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT=a:4317 OTEL_SDK_DISABLED=true")]
    [TestCase("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=/a OTEL_LOGS_EXPORTER=none")]
    [TestCase(
        "OTEL_EXPORTER_OTLP_ENDPOINT=a OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://a:4317 "
            + "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a:4317 OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://a:4317"
    )]
    public void InvalidEndpoints_AddressesAndWhatIsNotUsed_AreNone(string variables) =>
        Assert.That(Of(variables).InvalidEndpoints(), Is.Empty);

    [TestCase("OTEL_EXPORTER_OTLP_ENDPOINT=a:4317")]
    [TestCase("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=/a")]
    [TestCase("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=ftp://a")]
    public void InvalidEndpoints_AnythingElse_AreNamed(string variables) =>
        Assert.That(
            Of(variables).InvalidEndpoints(),
            Is.EqualTo(new[] { variables.Split('=')[0] })
        );

    [TestCase("", ExpectedResult = "ratelimiter")]
    [TestCase("OTEL_SERVICE_NAME=shop", ExpectedResult = null)]
    [TestCase("OTEL_RESOURCE_ATTRIBUTES=a=b,service.name=shop", ExpectedResult = null)]
    public object? Name_AnyVariables_StaysWhatTheySay(string variables) =>
        Of(variables)
            .Name(ResourceBuilder.CreateEmpty())
            .Build()
            .Attributes.FirstOrDefault(attribute => attribute.Key == "service.name")
            .Value;

    private static ExportOptions Of(string variables) =>
        new(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    variables
                        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                        .Select(it => it.Split('=', 2))
                        .Select(it => KeyValuePair.Create(it[0], (string?)it[1]))
                )
                .Build()
        );
}
