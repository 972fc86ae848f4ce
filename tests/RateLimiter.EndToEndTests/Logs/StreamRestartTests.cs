namespace RateLimiter.EndToEndTests.Logs;

/// <summary>GET /logs/stream of services that stop.</summary>
[TestFixture]
public sealed class StreamRestartTests
{
    private const string Path = "/logs/stream";

    [Test]
    [Contract("GET /logs/stream: does not delay the stop of the service, and resumes after it")]
    public async Task Stream_ServiceRestarts_EndsAtOnceAndResumes()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 100);
        await using var stream = await client.StreamAsync(Path);
        await client.CheckAsync("a", "r");
        var last = await stream.NextAsync();
        await client.CheckAsync("b", "r");

        var stopping = service.TerminateAsync();
        await stream.MustEndAsync(within: TimeSpan.FromSeconds(3));
        Assert.That(await stopping, Is.Zero);

        var next = await client.OnceOnAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        await using var resumed = await next.StreamAsync(Path, ("Last-Event-ID", $"{last.Id}"));
        await next.CheckAsync("c", "r");

        var events = await resumed.NextAsync(2);
        Assert.That(events.Select(it => it.User), Is.EqualTo(["b", "c"]));
        Assert.That(events.Select(it => it.Id - last.Id), Is.EqualTo([1L, 2L]));
    }
}
