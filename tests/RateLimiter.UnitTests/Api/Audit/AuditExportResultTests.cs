using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Audit;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;

namespace RateLimiter.UnitTests.Api.Audit;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AuditExportResultTests
{
    private readonly DefaultHttpContext http = Requests.Context();

    [Test]
    public async Task Execute_SeveralPages_FlushesEachOfThem()
    {
        var body = new CountingStream();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));

        await ExecuteAsync(PagesAsync(isInterrupted: false, Page(9, 8), Page(3)));

        Assert.That(body.Flushes, Is.EqualTo(2));
    }

    [Test]
    public void Execute_StoreFailsAtOnce_IsLeftToTheErrors() =>
        Assert.That(
            () => ExecuteAsync(PagesAsync(isInterrupted: true)),
            Throws.InstanceOf<StoreUnavailableException>()
        );

    [Test]
    public async Task Execute_StoreFailsInTheMiddle_AbortsTheConnection()
    {
        var connection = new Connection();
        http.Features.Set<IHttpResponseFeature>(new StartedResponse());
        http.Features.Set<IHttpRequestLifetimeFeature>(connection);

        await ExecuteAsync(PagesAsync(isInterrupted: true, Page(9)));

        Assert.That(connection.IsAborted, Is.True);
    }

    private static AuditPage Page(params long[] ids) =>
        new(
            [
                .. ids.Select(id => new AuditEntry(
                    id,
                    new AuditRecord(
                        AuditAction.PolicyUpdated,
                        TestData.Moment,
                        TestData.Actor,
                        Before: null,
                        After: null
                    )
                )),
            ],
            Next: null
        );

    private static async IAsyncEnumerable<AuditPage> PagesAsync(
        bool isInterrupted,
        params AuditPage[] pages
    )
    {
        foreach (var page in pages)
        {
            await Task.Yield();
            yield return page;
        }

        if (isInterrupted)
        {
            throw new StoreUnavailableException("It is unavailable.");
        }
    }

    private Task ExecuteAsync(IAsyncEnumerable<AuditPage> pages) =>
        new AuditExportResult(pages, Mapping.Mapper).ExecuteResultAsync(
            new ActionContext { HttpContext = http }
        );

    private sealed class CountingStream : MemoryStream
    {
        public int Flushes { get; private set; }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flushes++;
            return base.FlushAsync(cancellationToken);
        }
    }

    private sealed class StartedResponse : HttpResponseFeature
    {
        public override bool HasStarted => true;
    }

    private sealed class Connection : IHttpRequestLifetimeFeature
    {
        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }
}
