document.querySelectorAll("script.figure").forEach(function (source) {
  var figure = JSON.parse(source.textContent);
  if (window.innerWidth < 600) {
    figure.layout.legend.entrywidthmode = "fraction";
    figure.layout.legend.entrywidth = 0.48;
    figure.layout.legend.font = {size: 11};
  }
  Plotly.newPlot(source.dataset.for, figure.data, figure.layout, {responsive: true, displayModeBar: false});
});
window.addEventListener("beforeprint", function () {
  document.querySelectorAll(".plot").forEach(function (plot) { Plotly.Plots.resize(plot); });
});
