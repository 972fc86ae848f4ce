using Moq;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Application.Usage;

/// <summary>A recorder that may log changes, but neither count nor measure them.</summary>
internal sealed class ChangeRecorder
{
    private readonly List<LogEntry> changes = [];

    public ChangeRecorder()
    {
        var log = new Mock<IDecisionLog>();
        log.Setup(it => it.Record(TestData.Client, It.IsAny<LogEntry>()))
            .Callback((ClientId _, LogEntry entry) => changes.Add(entry));
        Recorder = new DecisionRecorder(
            log.Object,
            Mock.Of<IAnalytics>(MockBehavior.Strict),
            TestData.DecisionMetrics()
        );
    }

    public DecisionRecorder Recorder { get; }

    /// <summary>What was logged.</summary>
    public IReadOnlyList<LogEntry> Changes => changes;
}
