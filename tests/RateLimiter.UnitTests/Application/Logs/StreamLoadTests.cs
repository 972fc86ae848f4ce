using Microsoft.Extensions.Options;
using RateLimiter.Application.Logs;

namespace RateLimiter.UnitTests.Application.Logs;

public sealed class StreamLoadTests
{
    [TestCase(0, 1000, 50)]
    [TestCase(1, 1000, 50)]
    [TestCase(50, 1000, 50)]
    [TestCase(100, 500, 50)]
    [TestCase(200, 250, 100)]
    [TestCase(1000, 50, 500)]
    [TestCase(100_000, 1, 500)]
    public void Load_Streams_ShareWhatTheInstanceGives(int streams, int perSecond, int restMs)
    {
        var load = new StreamLoad(Options.Create(new StreamOptions())) { Streams = streams };

        Assert.That(load.EventsPerSecond, Is.EqualTo(perSecond));
        Assert.That(load.Rest, Is.EqualTo(TimeSpan.FromMilliseconds(restMs)));
    }
}
