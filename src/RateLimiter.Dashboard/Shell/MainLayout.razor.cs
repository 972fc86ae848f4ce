using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Dashboard.Sessions;

namespace RateLimiter.Dashboard.Shell;

public sealed partial class MainLayout : IDisposable
{
    private static readonly (string Href, string Icon, string Text)[] Pages =
    [
        ("", "monitoring", "Overview"),
        ("policies", "rule", "Policies"),
        ("overrides", "tune", "Overrides"),
        ("users", "person_search", "Users"),
        ("logs", "list_alt", "Logs"),
        ("keys", "key", "Keys"),
    ];

    private AuthenticatedCaller? caller;
    private ErrorBoundary? boundary;

    [Inject]
    private DashboardSession Session { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    // With a base address, a link to a fragment must name the page.
    private string Relative => Navigation.ToBaseRelativePath(Navigation.Uri).Split('#')[0];

    protected override async Task OnInitializedAsync()
    {
        Navigation.LocationChanged += Moved;
        try
        {
            caller = await Session.FindCallerAsync();
        }
        catch (StoreUnavailableException)
        {
            // The page shows it.
        }
    }

    public void Dispose() => Navigation.LocationChanged -= Moved;

    private void Recover() => boundary?.Recover();

    private void Moved(object? sender, LocationChangedEventArgs change)
    {
        boundary?.Recover();
        StateHasChanged();
    }
}
