using System.Globalization;
using System.Text.RegularExpressions;

namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>Callers' input can neither look like a log line nor control the terminal that shows it.</summary>
[TestFixture]
public sealed partial class LogLineTests
{
    private const string Forged = "x\r\nfail: Forged[4] forged\u001b[31m\u2028y\u202e";

    private static readonly string Escaped = Uri.EscapeDataString(Forged);

    [Test]
    [Contract(
        "Control characters of callers in paths, queries, names, headers and keys forge no line"
    )]
    public async Task AnyRequest_ControlCharactersAtTheLowestLevel_ForgeNoLine()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(
            SharedServices.Patient,
            ("Logging__LogLevel__Default", "Trace"),
            ("Logging__LogLevel__Microsoft", "Trace")
        );
        var client = await TestClient.RegisterAsync(service);

        (await client.GetAsync($"/{Escaped}")).MustBeProblem(404);
        (await client.GetAsync($"/policy?{Escaped}={Escaped}")).MustBeProblem(400);
        (await client.GetAsync($"/policy?route_key={Escaped}")).MustBeProblem(400);
        (await client.CheckAsync(Forged, Forged)).MustBeProblem(400);
        (await client.SavePolicyAsync("r", 1, description: Forged)).MustBeProblem(400);
        (await client.RegisterAsync(Forged)).MustBeProblem(400);
        await client.SendAsync(new HttpMethod("FAIL"), $"/check/{Escaped}", (string?)null);
        await client.SendAsync(
            HttpMethod.Get,
            "/policy",
            (string?)null,
            ("Accept", "x\u001b[31m"),
            ("traceparent", "\u001b[31m")
        );

        Assert.That(await service.TerminateAsync(), Is.Zero);
        var lines = service.OutputLines;
        Assert.That(lines, Has.Some.Contains("\\u001b[31m"), "None of it was logged.");
        Assert.That(lines, Has.All.Match(Line.ToString()));
        Assert.That(lines, Has.None.StartWith("fail:"));
        Assert.That(lines.SelectMany(line => line).Where(IsObeyed), Is.Empty);
    }

    private static bool IsObeyed(char character) =>
        char.GetUnicodeCategory(character)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    [GeneratedRegex(@"^(trce|dbug|info|warn): [^\s\[]+\[\d+\] ")]
    private static partial Regex Line { get; }
}
