using Moq;
using RateLimiter.Application.Audit;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;

namespace RateLimiter.UnitTests.Application.Audit;

public sealed class AuditHandlerTests
{
    [TestCase(0, 2, new long[0], null)]
    [TestCase(2, 2, new long[] { 2, 1 }, null)]
    [TestCase(3, 2, new long[] { 3, 2 }, 2)]
    [TestCase(3, 1, new long[] { 3 }, 3)]
    public async Task Handle_SoManyEntries_SaysWhetherThereIsAnotherPage(
        int kept,
        int limit,
        long[] ids,
        long? next
    )
    {
        var filter = new AuditFilter(Action: AuditAction.KeyCreated);
        var audit = new Mock<IAuditRepository>(MockBehavior.Strict);
        audit
            .Setup(it =>
                it.ListAsync(TestData.Client, filter, 9, limit + 1, It.IsAny<CancellationToken>())
            )
            .ReturnsAsync([
                .. Enumerable
                    .Range(1, kept)
                    .Reverse()
                    .Take(limit + 1)
                    .Select(id => new AuditEntry(id, Record())),
            ]);

        var page = await new AuditHandler(audit.Object).Handle(
            new AuditQuery(TestData.Client, filter, 9, limit),
            CancellationToken.None
        );

        Assert.That(page.Entries.Select(entry => entry.Id), Is.EqualTo(ids));
        Assert.That(page.Next, Is.EqualTo(next));
    }

    [TestCase(null, null, null, true)]
    [TestCase(0, null, null, true)]
    [TestCase(1, null, null, false)]
    [TestCase(null, 1, null, true)]
    [TestCase(null, 0, null, false)]
    [TestCase(null, null, AuditAction.KeyCreated, true)]
    [TestCase(null, null, AuditAction.KeyDeleted, false)]
    [TestCase(0, 1, AuditAction.KeyCreated, true)]
    public void Includes_Filters_AllMustFit(
        int? fromSeconds,
        int? toSeconds,
        AuditAction? action,
        bool isIncluded
    ) =>
        Assert.That(
            new AuditFilter(
                TestData.Moment + Seconds(fromSeconds),
                TestData.Moment + Seconds(toSeconds),
                action
            ).Includes(Record()),
            Is.EqualTo(isIncluded)
        );

    private static TimeSpan? Seconds(int? count) =>
        count is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static AuditRecord Record() =>
        new(
            AuditAction.KeyCreated,
            TestData.Moment,
            TestData.Actor,
            Before: null,
            new AuditedClient("any")
        );
}
