using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Logs;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Live;
using RateLimiter.Dashboard.Sessions;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Dashboard.Components;

public sealed partial class LiveDecisions : IAsyncDisposable
{
    private static readonly TimeSpan AnnouncementInterval = TimeSpan.FromSeconds(20);

    private DecisionReader? reader;
    private IReadOnlyList<DecisionRow> shown = [];
    private bool isPaused;
    private long countWhenPaused;
    private string announcement = "";
    private long? announcedAt;
    private long announcedCount;
    private long announcedDenied;

    [Inject]
    private DashboardSession Session { get; set; } = default!;

    [Inject]
    private TimeProvider Time { get; set; } = default!;

    /// <summary>The maximum number of rows.</summary>
    [Parameter]
    public int Capacity { get; set; } = 50;

    /// <summary>Whether each row can be expanded to show all details.</summary>
    [Parameter]
    public bool Details { get; set; }

    /// <summary>Only decisions about this user.</summary>
    [Parameter]
    public string? User { get; set; }

    /// <summary>Only decisions about this route.</summary>
    [Parameter]
    public string? Route { get; set; }

    /// <summary>Only decisions with this verdict.</summary>
    [Parameter]
    public bool? Allowed { get; set; }

    /// <summary>Only decisions about all of these subjects; null for any.</summary>
    [Parameter]
    public SubjectValues? Subjects { get; set; }

    private string Resume =>
        reader?.Count > countWhenPaused
            ? $"Resume, {Figures.Text(reader.Count - countWhenPaused)} new"
            : "Resume";

    protected override void OnInitialized()
    {
        if (RendererInfo.IsInteractive)
        {
            reader = new DecisionReader(Session, Time, Capacity, ShowAsync);
            _ = WatchAsync(
                reader.Start(
                    (caller, after) =>
                        new FollowDecisionsQuery(
                            caller.Client.Id,
                            new StreamPosition(after),
                            User,
                            Route,
                            Allowed,
                            Subjects: Subjects
                        )
                )
            );
        }
    }

    public ValueTask DisposeAsync() => reader?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task WatchAsync(Task following)
    {
        try
        {
            await following;
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

    private Task ShowAsync()
    {
        if (!isPaused)
        {
            shown = [.. reader!.Rows];
        }

        AnnounceNow();
        StateHasChanged();
        return Task.CompletedTask;
    }

    private void AnnounceNow()
    {
        if (announcedAt is { } at && Time.GetElapsedTime(at) < AnnouncementInterval)
        {
            return;
        }

        var count = reader!.Count - announcedCount;
        var denied = reader.Denied - announcedDenied;
        // The decisions that were already logged are not announced.
        announcement =
            announcedAt is null || count == 0
                ? ""
                : $"{Figures.Text(count)} new decisions, {Figures.Text(denied)} denied";
        announcedAt = Time.GetTimestamp();
        (announcedCount, announcedDenied) = (reader.Count, reader.Denied);
    }

    private void Pause()
    {
        isPaused = !isPaused;
        countWhenPaused = reader?.Count ?? 0;
        shown = reader is null ? [] : [.. reader.Rows];
    }
}
