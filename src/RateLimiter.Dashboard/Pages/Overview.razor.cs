using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Analytics;
using RateLimiter.Dashboard.Components;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class Overview : IDisposable
{
    private const int TopCount = 8;
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource leaving = new();
    private OverviewSpan span = OverviewSpan.All[0];
    private Reply<OverviewFigures>? figures;
    private Failure? outdated;
    private DateTimeOffset loadedAt;
    private bool isRefreshing;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    public void Dispose()
    {
        leaving.Cancel();
        leaving.Dispose();
    }

    protected override async Task LoadAsync()
    {
        figures = await AskAsync();
        // The viewer may have left the page meanwhile.
        if (!isRefreshing && !leaving.IsCancellationRequested)
        {
            isRefreshing = true;
            _ = RefreshAsync(leaving.Token);
        }
    }

    private static string DeniedNote(Tally tally) =>
        tally.ShadowDenied == 0
            ? $"{Figures.Text(tally.Denied)} checks"
            : $"{Figures.Text(tally.Denied)} checks, and {Figures.Text(tally.ShadowDenied)} in shadow mode";

    private async Task ChooseAsync(OverviewSpan choice)
    {
        span = choice;
        figures = null;
        outdated = null;
        figures = await AskAsync();
    }

    // The figures stay until there are newer ones, also while the store does not answer.
    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(RefreshInterval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var asked = span;
                var newer = await AskAsync();
                if (asked != span)
                {
                    continue;
                }

                outdated = figures is { Failure: null } ? newer.Failure : null;
                figures = outdated is null ? newer : figures;
                StateHasChanged();
            }
        }
        catch (OperationCanceledException)
        {
            // The viewer has left the page.
        }
        catch (Exception exception)
        {
            await DispatchExceptionAsync(exception);
        }
    }

    private async Task<Reply<OverviewFigures>> AskAsync()
    {
        var now = Time.GetUtcNow();
        var when = new AnalyticsSpan(now - span.Length, now);
        var summary = Session.SendAsync(
            Scopes.LogsRead,
            caller => new AnalyticsSummaryQuery(caller.Client.Id, when)
        );
        var buckets = Session.SendAsync(
            Scopes.LogsRead,
            caller => new AnalyticsTimeSeriesQuery(caller.Client.Id, when, span.Bucket)
        );
        var routes = Session.SendAsync(
            Scopes.LogsRead,
            caller => new AnalyticsTopQuery(
                caller.Client.Id,
                when,
                TopDimension.Route,
                TopMetric.Checks,
                TopCount
            )
        );
        var users = Session.SendAsync(
            Scopes.LogsRead,
            caller => new AnalyticsTopQuery(
                caller.Client.Id,
                when,
                TopDimension.User,
                TopMetric.Denied,
                TopCount
            )
        );
        var subjects = Session.SendAsync(
            Scopes.LogsRead,
            caller => new TopSubjectsQuery(caller.Client, when, TopMetric.Checks, TopCount)
        );
        await Task.WhenAll(summary, buckets, routes, users, subjects);
        var error =
            (await summary).Failure
            ?? (await buckets).Failure
            ?? (await routes).Failure
            ?? (await users).Failure
            ?? (await subjects).Failure;
        if (error is not null)
        {
            return error;
        }

        loadedAt = now;
        return new OverviewFigures(
            (await summary).Value!,
            span.Summarize((await buckets).Value!, Clock),
            (await routes).Value!.Entries,
            (await users).Value!.Entries,
            (await subjects).Value!
        );
    }
}

/// <param name="Summary">The figures of the whole span.</param>
/// <param name="Bars">The figures of its steps, oldest first.</param>
/// <param name="Routes">The routes with the most checks, in descending order.</param>
/// <param name="DeniedUsers">The users with the most denials, in descending order.</param>
/// <param name="Subjects">
/// The values with the most checks, of each subject that a limit has, by the subject's name.
/// </param>
internal sealed record OverviewFigures(
    AnalyticsSummary Summary,
    IReadOnlyList<ChecksBar> Bars,
    IReadOnlyList<TopEntry> Routes,
    IReadOnlyList<TopEntry> DeniedUsers,
    IReadOnlyDictionary<string, TopEntries> Subjects
);
